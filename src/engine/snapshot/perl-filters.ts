/**
 * The packet filter, as far as this login's packets pass it: tables of iptables by their own save and restore, whichever of the two kernels' interfaces
 * they use, all others by nft. Chains that Docker, fail2ban and the like rewrite by themselves are theirs.
 */
export const FILTERS = String.raw`
my $THEIRS = qr/^(?:DOCKER|f2b-|fail2ban|KUBE-|CNI-|cali-|LIBVIRT_|NETAVARK|CROWDSEC|crowdsec|sshguard|ts-)/;
my %ROOTS = (filter => ['INPUT', 'OUTPUT'], raw => ['PREROUTING', 'OUTPUT'], mangle => ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'], nat => ['PREROUTING', 'INPUT', 'OUTPUT'], security => ['INPUT', 'OUTPUT']);

sub save_tools { my $six = family() == 6 ? '6' : ''; return ("filter.nft" => "ip$six" . 'tables-nft', "filter.legacy" => "ip$six" . 'tables-legacy') }

# An iptables-save text as table -> [policies, rules by chain], with the chains that packets of this login can come to.
sub parsed {
  my ($text) = @_;
  my (%tables, $table);
  for my $line (split /\n/, $text) {
    if ($line =~ /^\*(\S+)/) { $table = $tables{$1} ||= { policy => {}, rules => {} } }
    elsif (!$table) { next }
    elsif ($line =~ /^:(\S+) (\S+)/) { $table->{policy}{$1} = $2; $table->{rules}{$1} ||= [] }
    elsif ($line =~ /^(?:\[\d+:\d+\] )?-A (\S+)/) { push @{$table->{rules}{$1}}, $line }
  }
  return \%tables;
}

sub target { my ($rule) = @_; return $rule =~ / -[jg] (\S+)/ ? $1 : '' }

sub reachable {
  my ($name, $table) = @_;
  my (@todo, %seen) = @{$ROOTS{$name} || []};
  while (defined(my $chain = shift @todo)) {
    next if $seen{$chain}++ || $chain =~ $THEIRS || !defined $table->{policy}{$chain};
    push @todo, grep { length && defined $table->{policy}{$_} } map { target($_) } @{$table->{rules}{$chain}};
  }
  return grep { defined $table->{policy}{$_} && $_ !~ $THEIRS } sort keys %seen;
}

# Rules that certainly do not speak of this login's packets: another interface, protocol, port or address.
sub passes {
  my ($rule) = @_;
  return 0 if target($rule) =~ $THEIRS;
  return 1 unless length $net{client};
  my $dev = $net{dev};
  return 0 if length $dev && $rule =~ /(?<!! )-[io] (\S+)/ && $1 ne $dev && $1 !~ /\+$/;
  return 0 if $rule =~ /(?<!! )-p (\S+)/ && $1 !~ /^(?:tcp|all|6|icmp.*|ipv6-icmp)$/;
  return 0 if $rule =~ /(?<!! )--dport (\d+) / && $1 != $net{port} && $rule =~ /^-A (?:INPUT|PREROUTING|ufw.*input)/;
  for my $way ('s', 'd') { return 0 if $rule =~ /(?<!! )-$way (\S+)/ && !covers($1, $net{client}) && !grep { covers($1, (split m{/})[0]) } split /\n/, $net{addresses} || '' }
  return 1;
}

sub plain_filter {
  my ($text) = @_;
  my $tables = parsed($text);
  my $out = '';
  for my $name (sort keys %$tables) {
    my $table = $tables->{$name};
    my $part = '';
    for my $chain (reachable($name, $table)) {
      my @rules = grep { passes($_) } @{$table->{rules}{$chain}};
      my $policy = $table->{policy}{$chain};
      # a built-in chain that lets all pass is as good as none, which is how a table that nobody has used looks
      next if !@rules && $policy =~ /^(?:ACCEPT|-)$/;
      $part .= ":$chain $policy\n" . join '', map { "$_\n" } @rules;
    }
    $out .= "*$name\n$part" if length $part;
  }
  return $out;
}

sub dumped {
  my ($tool) = @_;
  return '' if $tool =~ /legacy/ && !length(slurp('/proc/net/ip' . ($tool =~ /^ip6/ ? '6' : '') . '_tables_names') || '');
  my $save = program("$tool-save") or return '';
  my $text = output($save);
  return '' unless defined $text;
  $text =~ s/^#.*\n//mg;
  return $text;
}

# nft's tables that are nobody else's, by name, where packets of this login pass one of their chains.
sub nft_tables {
  my ($text) = @_;
  my %own;
  while ($text =~ /^table (\S+) (\S+) \{\n(.*?)^\}/msg) {
    my ($family, $name, $body) = ($1, $2, $3);
    next if $name =~ $THEIRS || $name =~ /^(?:docker|f2b)/ || $body !~ /hook (?:ingress|prerouting|input|output|postrouting)/;
    next if $family =~ /^ip6?$/ && $ROOTS{$name} && ($family eq 'ip6' ? $net{theirs6} : $net{theirs4}) =~ /\b$name\b/;
    next if length $net{client} && $family eq (family() == 6 ? 'ip' : 'ip6');
    $body =~ s/counter packets \d+ bytes \d+/counter/g;
    $body =~ s/(set \S+ \{[^}]*flags [^\n]*(?:dynamic|timeout)[^}]*?)elements = \{[^}]*\}/$1/g;
    $own{"$family $name"} = "table $family $name {\n$body}\n";
  }
  return \%own;
}

sub filters_now {
  my ($now) = @_;
  my %tools = save_tools();
  my ($six, %text) = (family() == 6);
  for my $part (keys %tools) { $text{$part} = dumped($tools{$part}); $now->{$part} = plain_filter($text{$part}) }
  $net{theirs4} = $six ? 'filter nat mangle raw security' : join ' ', keys %{parsed($text{'filter.nft'})};
  $net{theirs6} = $six ? join ' ', keys %{parsed($text{'filter.nft'})} : 'filter nat mangle raw security';
  my $nft = program('nft');
  my $rules = $nft ? output($nft, '-s', 'list', 'ruleset') : '';
  my $own = nft_tables(defined $rules ? $rules : '');
  $now->{'filter.own'} = join '', map { $own->{$_} } sort keys %$own;
}

sub restore_filters {
  my %tools = save_tools();
  my $now = {};
  filters_now($now);
  for my $part (sort keys %tools) {
    next if $now->{$part} eq $net{$part};
    my $input = restore_input($net{"whole.$part"} || '', dumped($tools{$part}));
    told(fed($input, "$tools{$part}-restore", '--noflush'), "the packet filter of $tools{$part}");
  }
  my ($was, $is) = (nft_tables($net{'filter.own'}), nft_tables($now->{'filter.own'}));
  my $input = '';
  for my $name (sort keys %{{%$was, %$is}}) {
    next if ($was->{$name} || '') eq ($is->{$name} || '');
    $input .= "table $name\ndelete table $name\n" . ($was->{$name} || '');
  }
  told(fed($input, 'nft', '-f', '-'), "the packet filter of nft") if length $input;
}

# What iptables-restore is told: the chains that this login's packets pass, as they were; jumps to chains of others as they are.
sub restore_input {
  my ($then, $by_now) = (parsed($_[0]), parsed($_[1]));
  my $text = '';
  for my $name (sort keys %{{%$then, %$by_now}}) {
    next unless $ROOTS{$name};
    my ($was, $is) = ($then->{$name} || { policy => {}, rules => {} }, $by_now->{$name} || { policy => {}, rules => {} });
    my %chains = map { ($_ => 1) } reachable($name, $was), grep { defined $is->{policy}{$_} } @{$ROOTS{$name}};
    my @chains = sort keys %chains;
    my ($define, $rules) = ('', '');
    for my $chain (@chains) {
      my $builtin = grep { $_ eq $chain } @{$ROOTS{$name}};
      $define .= $builtin ? ":$chain " . ($was->{policy}{$chain} || 'ACCEPT') . " [0:0]\n" : ":$chain - [0:0]\n";
      $rules .= "-F $chain\n" if $builtin;
      $rules .= "$_\n" for grep { target($_) =~ $THEIRS && defined $is->{policy}{target($_)} } @{$is->{rules}{$chain} || []};
      $rules .= "$_\n" for grep { target($_) !~ $THEIRS } @{$was->{rules}{$chain} || []};
    }
    $text .= "*$name\n$define$rules" . "COMMIT\n";
  }
  return $text;
}

sub fed {
  my ($text, @command) = @_;
  my $path = program($command[0]) or return 0;
  pipe(my $from, my $to) or return 0;
  my $pid = fork;
  return 0 unless defined $pid;
  if (!$pid) { close $to; open STDIN, '<&', $from; open STDOUT, '>', '/dev/null'; open STDERR, '>', '/dev/null'; exec { $path } @command or syscall_exit() }
  close $from;
  local $SIG{PIPE} = 'IGNORE';
  syswrite $to, $text;
  close $to;
  return finished($pid, 20);
}
`;
