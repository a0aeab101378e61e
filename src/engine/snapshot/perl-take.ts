/** What a login hangs on: derived from the programs that hold this very login open, from what sshd says of itself, and from whole directories. */
export const TAKE = String.raw`
sub output {
  my (@command) = @_;
  my $pid = open(my $from, '-|');
  return unless defined $pid;
  if (!$pid) { open STDERR, '>', '/dev/null'; open STDIN, '<', '/dev/null'; exec { $command[0] } @command or syscall_exit() }
  local $/;
  my $text = <$from>;
  close $from;
  return $? == 0 ? (defined $text ? $text : '') : undef;
}
sub syscall_exit { kill 'KILL', $$; exit 1 }

sub program { my ($name) = @_; for my $d (qw(/usr/sbin /usr/bin /sbin /bin)) { return "$d/$name" if -x "$d/$name" } return }

sub parent_of { my ($pid) = @_; my $s = slurp("/proc/$pid/status"); return defined $s && $s =~ /^PPid:\s+(\d+)/m ? $1 : 0 }

# The programs that this login came through, and all that they have opened to run: sshd, PAM's modules, sudo, libraries.
sub live_programs {
  my (%seen, @pids);
  for (my $pid = $$; $pid > 1 && @pids < 30; $pid = parent_of($pid)) {
    push @pids, $pid;
    my $exe = readlink "/proc/$pid/exe";
    $seen{$exe} = 1 if defined $exe && $exe =~ m{^/};
    my $maps = slurp("/proc/$pid/maps");
    next unless defined $maps;
    $seen{$1} = 1 while $maps =~ m{ (/[^\n]+)$}mg;
  }
  return (\@pids, grep { !/ \(deleted\)$/ && !m{^/(?:dev|proc|memfd|SYSV)} } sort keys %seen);
}

sub take_files {
  my ($login) = @_;
  my ($pids, @live) = live_programs();
  for my $path (@live) { add('p', $path) }
  $net{listener} = '';
  for my $pid (@$pids) { my $exe = readlink "/proc/$pid/exe"; $net{listener} = $pid if defined $exe && $exe =~ m{/sshd$} }
  for my $dir (qw(/usr/bin /usr/sbin /usr/local/bin /usr/local/sbin /usr/lib /usr/lib64 /usr/lib/systemd /usr/lib/openssh /usr/lib/sudo /usr/libexec/sudo)) { walk('p', $dir, 1) }
  for my $name (names_in('/usr/lib')) {
    next unless $name =~ /-linux-gnu/;
    for my $dir ("/usr/lib/$name", "/usr/lib/$name/security", "/usr/lib/$name/xtables") { walk('p', $dir, 1) }
  }
  # the programs of every login, held whole so that not even one that is overwritten is lost
  my @core = grep { m{^/usr/(?:bin/(?:sudo|dash|bash|login|su)$|sbin/(?:sshd|unix_chkpwd)$|lib/openssh/|libexec/sudo/|lib/sudo/|lib/[^/]+/security/)} } @order;
  $net{live} = join "\n", @live, @core;
  for my $path (qw(/bin /sbin /lib /lib64 /tmp /var/tmp /var/run /var/lib /var/empty /run /dev /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/ptmx /dev/pts /dev/fd /proc /sys /usr/share)) { add('p', $path) }
  for my $dir (qw(/etc /usr/lib/systemd/system /usr/lib/systemd/network /usr/lib/systemd/system-generators /usr/lib/tmpfiles.d /usr/lib/sysctl.d /usr/lib/pam.d
    /usr/local/lib/systemd /run/systemd/system /run/systemd/network /run/systemd/generator /run/sshd /var/spool/cron)) { walk('c', $dir, 9) }
  $tree{'/run'} = '^nologin$';
  add('c', '/run/nologin');
  for my $user ($login, 'root') {
    next unless length $user;
    my @account = getpwnam $user or next;
    add('p', $account[8]);
    my $home = $account[7];
    next unless $home =~ m{^/.};
    walk('c', $home, 1, '^\.(?!.*hist|sudo_as_admin|viminfo|lesshst|wget|Xauth|cache|local|harden)');
    walk('c', "$home/.ssh", 2);
  }
  take_from_sshd($login);
}

# Files that sshd's own configuration names: keys in another place, commands, banners, authorities.
sub take_from_sshd {
  my ($login) = @_;
  my $sshd = program('sshd') or return;
  my $said = output($sshd, '-T', '-C', "user=$login,host=localhost,addr=127.0.0.1");
  $said = output($sshd, '-T') unless defined $said;
  return unless defined $said;
  my @account = getpwnam $login;
  for my $word ($said =~ /\s(\S+)/g) {
    next unless $word =~ m{[%/]};
    $word =~ s/%u/$login/g;
    $word =~ s/%h/$account[7]/g if @account;
    $word = "$account[7]/$word" if @account && $word !~ m{^/};
    add('c', $word) if $word =~ m{^/} && $word !~ m{^/(?:dev|proc|sys|run|var/run)/} && -f $word;
  }
}
`;
