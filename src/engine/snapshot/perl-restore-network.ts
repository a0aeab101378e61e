/** Brings back the way of this login's packets, and of nothing else. */
export const RESTORE_NETWORK = String.raw`
sub ran { my (@command) = @_; my $path = program($command[0]) or return 0; my $pid = fork; return 0 unless defined $pid; if (!$pid) { open STDOUT, '>', '/dev/null'; open STDERR, '>', '/dev/null'; open STDIN, '<', '/dev/null'; exec { $path } @command or syscall_exit() } return finished($pid, 20) }
# No program holds the undo up for longer.
sub finished {
  my ($pid, $seconds) = @_;
  for (1 .. $seconds * 20) { my $got = waitpid $pid, 1; return $? == 0 if $got == $pid; select undef, undef, undef, 0.05 }
  kill 'KILL', $pid;
  waitpid $pid, 0;
  return 0;
}

sub put_value { my ($file, $value) = @_; open(my $out, '>', $file) or return 0; my $ok = print {$out} $value; return close($out) && $ok }

sub put_hostname {
  my $name = $net{host};
  $name =~ s/\n$//;
  return 1 if put_value('/proc/sys/kernel/hostname', $name);
  return $NUMBERS{$machine} && syscall($NUMBERS{$machine}[2], $name, length $name) == 0;
}

sub restore_network {
  my $now = live_state();
  my %apart = map { ($_ => 1) } grep { $now->{$_} ne (defined $net{$_} ? $net{$_} : '') } keys %$now;
  told(put_hostname(), 'the host name') if $apart{host};
  if ($apart{sysctl}) {
    my %is = map { split / /, $_, 2 } split /\n/, $now->{sysctl};
    for my $line (split /\n/, $net{sysctl}) {
      my ($file, $value) = split / /, $line, 2;
      told(put_value($file, $value), $file) if defined $is{$file} && $is{$file} ne $value;
    }
  }
  restore_way() if grep { $apart{$_} } qw(route rules addresses qdisc link);
  restore_filters() if grep { /^filter/ } keys %apart;
}

sub restore_way {
  my ($dev, $v) = ($net{dev}, '-' . family());
  if (length $dev) {
    ran('ip', 'link', 'set', 'dev', $dev, $net{link}) if $net{link} eq 'up' && link_up($dev) ne 'up';
    my $has = addresses_of($dev);
    for my $line (split /\n/, $net{addresses}) {
      my ($address, $brd) = split / /, $line;
      next if $has =~ /^\Q$address\E /m;
      told(ran('ip', $v, 'address', 'add', $address, (length($brd || '') ? ('brd', $brd) : ()), 'dev', $dev), "the address $address");
    }
    my %was = map { ((split / /)[0] => 1) } split /\n/, $net{addresses};
    for my $address (grep { !$was{$_} } map { (split / /)[0] } split /\n/, $has) { told(ran('ip', $v, 'address', 'del', $address, 'dev', $dev), "the address $address, which came in,") }
    if (qdisc_now($dev) ne $net{qdisc}) { ran('tc', 'qdisc', 'del', 'dev', $dev, $_) for qw(root ingress clsact); told(1, "the queue of $dev") }
  }
  restore_rules($v);
  my %was = map { ($_ => 1) } split /\n/, $net{routes};
  my %is = map { ($_ => 1) } split /\n/, routes_now();
  for my $line (grep { !$is{$_} && length $dev && / dev \Q$dev\E( |$)/ && !/^(?:local|broadcast|multicast|anycast) / } split /\n/, $net{routes}) {
    ran('ip', $v, 'route', 'replace', words_of($line)) and told(1, "the route $line");
  }
  return if route_now() eq $net{route};
  for my $line (grep { !$was{$_} } split /\n/, routes_now()) {
    my ($first, $second) = split / /, $line;
    my $prefix = $first =~ /^[a-z]/ && $first ne 'default' ? $second : $first;
    next unless covers($prefix, $net{client});
    take_addresses_away($line);
    ran('ip', $v, 'route', 'del', words_of($line)) and told(1, "the route $line, which came in,");
    last if route_now() eq $net{route};
  }
  told(route_now() eq $net{route}, "the route to $net{client}");
}
sub words_of { my ($line) = @_; $line =~ s/ (?:linkdown|dead|pref \S+|expires \S+|error \S+)//g; return split ' ', $line }

# An address on another link that takes the client's place in the network.
sub take_addresses_away {
  my ($line) = @_;
  return unless $line =~ / dev (\S+)/ && $1 ne $net{dev} && $1 ne 'lo';
  my $dev = $1;
  for my $address (map { (split / /)[0] } split /\n/, addresses_of($dev)) {
    told(ran('ip', 'address', 'del', $address, 'dev', $dev), "the address $address of $dev, which came in,") if covers($address, $net{client});
  }
}

sub restore_rules {
  my ($v) = @_;
  my %was = map { ($_ => 1) } split /\n/, $net{rules};
  my @now = split /\n/, rules_now();
  my %is = map { ($_ => 1) } @now;
  for my $line (grep { !$was{$_} } @now) { my ($pref, $rest) = split /: ?/, $line, 2; told(ran('ip', $v, 'rule', 'del', 'pref', $pref, split ' ', $rest) || ran('ip', $v, 'rule', 'del', 'pref', $pref), "the routing rule $line, which came in,") }
  for my $line (grep { !$is{$_} } split /\n/, $net{rules}) { my ($pref, $rest) = split /: ?/, $line, 2; told(ran('ip', $v, 'rule', 'add', 'pref', $pref, split ' ', $rest), "the routing rule $line") }
}
`;
