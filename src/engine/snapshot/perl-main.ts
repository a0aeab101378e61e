/** The words that it is called by: take, compare, restore, hold. */
export const MAIN = String.raw`
$| = 1;
umask 077;
$ENV{PATH} = '/usr/sbin:/usr/bin:/sbin:/bin';
$ENV{LC_ALL} = 'C';

sub take {
  my ($dir) = @_;
  my @login = split /\n/, slurp("$dir/login") || "\n\n", -1;
  my ($login, $client, $port) = map { defined $_ ? $_ : '' } @login[0 .. 2];
  mkdir $dir, 0700;
  take_files($login);
  keep_content();
  take_network($dir, $login, $client, $port);
  my %tools = save_tools();
  $net{"whole.$_"} = dumped($tools{$_}) for keys %tools;
  $net{machine} = $machine;
  $net{dpkg} = dpkg_state();
  store($dir);
  my $kilobytes = int(((-s "$dir/files") + (-s "$dir/content") + (-s "$dir/net")) / 1024);
  print "note: the snapshot of what a login hangs on takes $kilobytes kB\n" if $kilobytes > 1024;
  print "note: neither nft nor iptables is here: no packet filter is kept\n" unless program('nft') || program('iptables-save');
}

# Programs, libraries, directories on the way, and mounts over them: what the undo itself needs.
sub repair {
  $failures = 0;
  restore_mounts();
  for my $path (@order) { restore_path($path) if $rec{$path}[$CLASS] eq 'p' && !changed_by_dpkg($path) }
  return $failures;
}

# What a package put there since is not what the snapshot has to say about; whether it may be run is.
my $dpkg_ran;
sub changed_by_dpkg {
  my ($path) = @_;
  return 0 unless $path =~ m{^/(?:usr|s?bin|lib)};
  if (!defined $dpkg_ran) { my @s = stat '/var/lib/dpkg/status'; $dpkg_ran = @s && "$s[1] $s[7] $s[9]" ne ($net{dpkg} || '') ? 1 : 0 }
  return $dpkg_ran && (differs($path, $rec{$path}) ne 'mode') && -e $path;
}

sub restore {
  $failures = 0;
  restore_mounts();
  my %before = map { ($_ => 1) } grep { m{^/(?:etc/ssh|etc/default/ssh|run/sshd)} && differs($_, $rec{$_}) } @order;
  my $units = grep { m{/systemd/system(?:/|$)} && differs($_, $rec{$_}) } @order;
  # a directory after what is in it would shut the way to it; one before it opens it
  for my $path (@order) { restore_path($path) unless changed_by_dpkg($path) }
  my %packaged = packaged();
  for my $path (came_in()) {
    next if $packaged{$path} || $rec{$path};
    my $name = enter($path);
    my $gone = defined $name && remove_all($name);
    chdir '/';
    told($gone, "$path, which came in,");
    $units++ if $path =~ m{/systemd/system/};
    $before{$path} = 1 if $path =~ m{^/etc/ssh};
  }
  restore_network();
  ran('systemctl', 'daemon-reload') if $units && -d '/run/systemd/system';
  restore_sshd(scalar keys %before);
  return $failures;
}

sub packaged {
  my %found;
  return %found if ($net{dpkg} || '') eq dpkg_state();
  for my $list (grep { /\.(?:list|conffiles)$/ } names_in('/var/lib/dpkg/info')) { for my $path (split /\n/, slurp("/var/lib/dpkg/info/$list") || '') { $found{$path} = 1 } }
  return %found;
}
sub dpkg_state { my @s = stat '/var/lib/dpkg/status'; return @s ? "$s[1] $s[7] $s[9]" : '' }

sub restore_sshd {
  my ($changed) = @_;
  return unless ($net{open} || '') eq 'open';
  if (port_open() ne 'open') {
    for my $unit (split / /, $net{units} || '') { ran('systemctl', 'reset-failed', $unit); ran('systemctl', 'restart', $unit) }
    for (1 .. 30) { last if port_open() eq 'open'; select undef, undef, undef, 0.1 }
    ran('sshd') if port_open() ne 'open';
    told(port_open() eq 'open', "port $net{port}");
  } elsif ($changed) {
    my $exe = readlink "/proc/$net{listener}/exe";
    told(ran('systemctl', 'reload', 'ssh.service') || (defined $exe && $exe =~ m{/sshd} && kill 'HUP', $net{listener}), 'sshd reads its files again');
  }
}

# Keeps all of it in memory, and the programs open, so that nothing which the run does can take it away; waits until it is asked.
sub hold {
  my ($dir, $waiting) = @_;
  load($dir) or exit 1;
  $machine = $net{machine};
  my %live = map { ($_ => 1) } split /\n/, $net{live};
  my $memory = 0;
  for my $path (@order) {
    my $r = $rec{$path};
    next unless $r->[$KIND] eq 'f' && $r->[$OFF] eq '';
    sysopen($held{$path}, $path, 04000) or delete $held{$path};
    next unless $live{$path} && $memory < 40_000_000;
    my $text = slurp($path);
    if (defined $text) { $kept_text{$path} = $text; $memory += length $text }
  }
  open(my $ask, '<&=', 4) or exit 1;
  open(my $answer, '>&=', 5) or exit 1;
  my $old = select $answer; $| = 1; select STDOUT;
  print {$answer} "ready\n";
  while (-d "/proc/$waiting") {
    my $ready = '';
    vec($ready, fileno $ask, 1) = 1;
    if (select($ready, undef, undef, 0.2)) {
      my $word = '';
      sysread $ask, $word, 64;
      last unless length $word;
      select $answer;
      my $failed = $word =~ /^restore/ ? restore() : repair();
      print "end $failed\n";
      select STDOUT;
    }
  }
  exit 0;
}

my ($word, $dir);
($word, $dir, $machine) = @ARGV;
if ($word eq 'take') { take($dir) }
elsif ($word eq 'compare') { load($dir) or exit 1; $machine = $net{machine}; compare($dir) }
elsif ($word eq 'restore') { load($dir) or do { print "the snapshot is not whole\n"; exit 1 }; $machine = $net{machine}; exit(restore() ? 1 : 0) }
elsif ($word eq 'repair') { load($dir) or exit 1; $machine = $net{machine}; exit(repair() ? 1 : 0) }
elsif ($word eq 'hold') { hold($dir, $machine) }
`;
