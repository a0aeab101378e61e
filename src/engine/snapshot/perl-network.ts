/** How this login's packets go: the host's name, the addresses and routes that they use, what the kernel does with them, and who listens for them. */
export const NETWORK = String.raw`
my $VOLATILE = qr{(?:ip_forward|forwarding|route_localnet|flush|_key|stable_secret|base_reachable_time|ip_local_reserved_ports|/(?:docker|br-|veth)[^/]*)};

sub family { return $net{client} =~ /:/ ? 6 : 4 }

sub sysctls {
  my ($dev) = @_;
  my (%seen, $text);
  my @dirs = ('/proc/sys/net/core', map { ("/proc/sys/net/$_", map { "/proc/sys/net/$_" } "$_/conf/all", "$_/conf/default", length $dev ? "$_/conf/$dev" : ()) } 'ipv4', 'ipv6');
  my @files = map { my $d = $_; map { "$d/$_" } names_in($d) } @dirs;
  for my $file (@files, map { "/proc/sys/$_" } 'kernel/pid_max', 'kernel/threads-max', 'fs/file-max', 'fs/nr_open', 'vm/overcommit_memory') {
    next if $file =~ $VOLATILE || -d $file;
    my $value = slurp($file);
    $seen{$file} = $value if defined $value && $value =~ /\S/;
  }
  return join '', map { my $v = $seen{$_}; $v =~ s/\s+/ /g; $v =~ s/ $//; "$_ $v\n" } sort keys %seen;
}

sub ip { my (@words) = @_; our $ip_program ||= program('ip'); return unless $ip_program; return output($ip_program, @words) }

sub route_now {
  return '' unless length $net{client};
  my $said = ip('-' . family(), '-o', 'route', 'get', $net{client});
  return 'none' unless defined $said && length $said;
  $said =~ s/\\?\s*cache.*//s;
  $said =~ s/ uid \d+//;
  $said =~ s/\s+/ /g;
  return $said;
}

sub addresses_of {
  my ($dev) = @_;
  my $said = ip('-' . family(), '-o', 'address', 'show', 'dev', $dev);
  return '' unless defined $said;
  return join '', sort map { /inet6? (\S+)/ ? "$1 " . (/ brd (\S+)/ ? $1 : '') . "\n" : () } grep { !/ (?:temporary|deprecated)/ } split /\n/, $said;
}

sub rules_now { my $said = ip('-' . family(), 'rule', 'show'); $said = '' unless defined $said; $said =~ s/[ \t]+/ /g; return $said }

sub routes_now { my $said = ip('-' . family(), 'route', 'show', 'table', 'all'); return defined $said ? $said : '' }

sub qdisc_now {
  my ($dev) = @_;
  our $tc_program ||= program('tc');
  return '' unless $tc_program && length $dev;
  my $said = output($tc_program, 'qdisc', 'show', 'dev', $dev);
  $said = '' unless defined $said;
  $said =~ s/qdisc (\S+) \S+:/qdisc $1/g;
  return $said;
}

sub port_open {
  return '' unless length $net{port};
  my $hex = sprintf ':%04X 0', $net{port};
  for my $table ('tcp', 'tcp6') {
    my $text = slurp("/proc/net/$table");
    return 'open' if defined $text && $text =~ /$hex[0-9A-F]+:0000 0A/;
  }
  return 'shut';
}

sub link_up { my ($dev) = @_; return '' unless length $dev; my $flags = slurp("/sys/class/net/$dev/flags"); return defined $flags && (hex $flags) & 1 ? 'up' : 'down' }

# All of it, part by part, as one text each; equal texts mean that nothing of it changed.
sub live_state {
  my %now;
  my $host = slurp('/proc/sys/kernel/hostname');
  $now{host} = defined $host ? $host : '';
  $now{open} = port_open();
  my $dev = $net{dev};
  $now{sysctl} = sysctls($dev);
  if (program('ip')) {
    @now{qw(route rules addresses qdisc link)} = (route_now(), rules_now(), length $dev ? addresses_of($dev) : '', qdisc_now($dev), link_up($dev));
  }
  filters_now(\%now);
  return \%now;
}

sub label_of {
  my ($part) = @_;
  my %labels = (host => 'the host name', open => "port $net{port}: nobody listens", sysctl => 'kernel parameters', route => "the route to $net{client}", rules => 'routing rules',
    addresses => "addresses of $net{dev}", qdisc => "the queue of $net{dev}", link => "the link $net{dev}");
  my %tools = save_tools();
  return $labels{$part} || 'the packet filter of ' . ($tools{$part} || 'nft');
}

sub take_network {
  my ($dir, $login, $client, $port) = @_;
  @net{qw(client port login taken)} = ($client, $port, $login, time);
  $net{mounts} = slurp('/proc/self/mountinfo') || '';
  my $route = route_now();
  $net{dev} = $route =~ / dev (\S+)/ && $1 ne 'lo' ? $1 : '';
  my $now = live_state();
  @net{keys %$now} = values %$now;
  $net{routes} = program('ip') ? routes_now() : '';
  if (my $systemctl = -d '/run/systemd/system' && program('systemctl')) {
    my $units = output($systemctl, 'show', '-p', 'Id,ActiveState', 'ssh.service', 'ssh.socket', 'sshd.service');
    $net{units} = join ' ', ($units || '') =~ /Id=(\S+)\nActiveState=active/g;
  }
  print "note: no ip here: addresses and routes are not kept\n" unless program('ip');
  return;
}

sub covers {
  my ($prefix, $address) = @_;
  return 1 if $prefix eq 'default';
  my ($base, $bits) = split m{/}, $prefix;
  my ($b, $a) = (packed($base), packed($address));
  return 0 unless defined $a && defined $b && length $a == length $b;
  $bits = 8 * length $a unless defined $bits;
  return substr(unpack('B*', $a), 0, $bits) eq substr(unpack('B*', $b), 0, $bits);
}
sub packed {
  my ($t) = @_;
  return pack 'C4', split /\./, $t if $t =~ /^\d+(?:\.\d+){3}$/;
  return unless $t =~ /^[0-9a-f:]+$/i;
  my ($head, $tail) = split /::/, $t, 2;
  my @head = split /:/, $head;
  my @tail = defined $tail ? split /:/, $tail : ();
  return pack 'n8', map { hex } @head, (0) x (8 - @head - @tail), @tail;
}
`;
