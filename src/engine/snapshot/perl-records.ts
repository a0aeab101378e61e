/**
 * What stands at a path, as the snapshot knows it. Perl, and of it only what needs no module: perl-base is on every Debian, and one that
 * runs already goes on where no program can be started any more.
 *
 * `%rec`: path to [class, kind, mode, uid, gid, size, mtime, ctime, inode, device, rdev, offset, length, link]. Class `c`: the content is kept
 * too, and what comes into its directories is seen; `p`: owner, mode and identity alone, as of programs and of directories on the way.
 */
export const RECORDS = String.raw`
our (%rec, @order, $blob, %tree, %net);
my ($CLASS, $KIND, $MODE, $UID, $GID, $SIZE, $MTIME, $CTIME, $INO, $DEV, $RDEV, $OFF, $LEN, $LINK) = 0 .. 13;
my $LIMIT = 131072;

sub kind_of { my $m = $_[0] & 0170000; $m == 0100000 ? 'f' : $m == 0040000 ? 'd' : $m == 0120000 ? 'l' : $m == 0020000 ? 'c' : $m == 0060000 ? 'b' : 's' }

sub look {
  my ($path) = @_;
  my @s = lstat $path or return;
  my $kind = kind_of($s[2]);
  return ['', $kind, $s[2] & 07777, $s[4], $s[5], $kind eq 'd' ? 0 : $s[7], $kind eq 'd' ? 0 : $s[9], $kind eq 'd' ? 0 : $s[10], $s[1], $s[0], $s[6], '', '', $kind eq 'l' ? readlink $path : ''];
}

sub slurp {
  my ($path, $limit) = @_;
  sysopen(my $in, $path, 04000) or return;
  my ($text, $got) = ('', 1);
  while ($got) { $got = sysread $in, $text, 65536, length $text; return unless defined $got; return if $limit && length $text > $limit }
  return $text;
}

# What programs write for themselves, or what no login reads.
sub apart {
  my ($path) = @_;
  return 1 if $path =~ m{^/etc/(?:mtab|resolv\.conf|adjtime|ld\.so\.cache|\.pwd\.lock|\.updated|.*-|ufw/.*\.\d{8}_\d{6}|systemd/system/(?:.*/)?harden-[^/]*|\.harden[^/]*|.*/\.harden[^/]*)$}s;
  return $path =~ m{^/etc/(?:docker|containerd|cni|apt|nginx|apache2|letsencrypt|mysql|postgresql|php|audit|fonts|logrotate\.d|emacs|vim|terminfo)(?:/|$)}s || $path =~ m{^/etc/systemd/system/(?:.*/)?(?:docker|containerd)[^/]*$}s;
}

sub add {
  my ($class, $path) = @_;
  if (my $old = $rec{$path}) { $old->[$CLASS] = 'c' if $class eq 'c'; return $old }
  my $slash = rindex $path, '/';
  add('p', $slash <= 0 ? '/' : substr $path, 0, $slash) if $path ne '/';
  my $r = look($path) or return;
  $r->[$CLASS] = $class;
  $rec{$path} = $r;
  push @order, $path;
  # what a link names is on the way too
  if ($r->[$KIND] eq 'l' && length $r->[$LINK]) {
    my $to = $r->[$LINK] =~ m{^/} ? $r->[$LINK] : (substr $path, 0, $slash) . '/' . $r->[$LINK];
    1 while $to =~ s{/[^/]+/\.\.(?=/|$)}{} || $to =~ s{/\.(?=/|$)}{} || $to =~ s{//+}{/};
    add('p', $to) if $to =~ m{^/} && $to !~ m{^/(?:proc|sys)/};
  }
  return $r;
}

sub names_in { my ($d) = @_; opendir(my $h, $d) or return; return sort grep { $_ ne '.' && $_ ne '..' } readdir $h }

# A directory with what is in it, so many levels deep; %tree remembers where something new counts.
sub walk {
  my ($class, $top, $depth, $only) = @_;
  return if apart($top);
  my $r = add($class, $top) or return;
  return if $r->[$KIND] ne 'd' || $depth < 1;
  $tree{$top} = $only || '' if $class eq 'c';
  for my $name (names_in($top)) {
    next if $only && $name !~ /$only/;
    my $path = $top eq '/' ? "/$name" : "$top/$name";
    next if apart($path);
    my $mode = (lstat $path)[2];
    next unless defined $mode;
    kind_of($mode) eq 'd' ? walk($class, $path, $depth - 1) : add($class, $path);
  }
}

sub keep_content {
  $blob = '';
  for my $path (@order) {
    my $r = $rec{$path};
    next unless $r->[$CLASS] eq 'c' && $r->[$KIND] eq 'f' && $r->[$SIZE] <= $LIMIT;
    my $text = slurp($path, $LIMIT);
    next unless defined $text;
    ($r->[$OFF], $r->[$LEN]) = (length $blob, length $text);
    $blob .= $text;
  }
}

sub escaped { my ($t) = @_; $t =~ s/([\x00-\x1f%\x7f])/sprintf '%%%02x', ord $1/ge; return $t }
sub plain { my ($t) = @_; $t =~ s/%([0-9a-f]{2})/chr hex $1/ge; return $t }

sub save {
  my ($dir, $name, $text) = @_;
  sysopen(my $out, "$dir/$name.new", 01 | 0100 | 01000, 0600) or die "$dir/$name: $!\n";
  my $at = 0;
  while ($at < length $text) { my $n = syswrite $out, $text, 1 << 20, $at; defined $n or die "$dir/$name: $!\n"; $at += $n }
  close $out or die "$dir/$name: $!\n";
  rename "$dir/$name.new", "$dir/$name" or die "$dir/$name: $!\n";
}

sub store {
  my ($dir) = @_;
  save($dir, 'content', $blob);
  save($dir, 'net', join '', map { "$_ " . length($net{$_}) . "\n$net{$_}\n" } sort keys %net);
  save($dir, 'files', join '', (map { 'tree' . "\t" . escaped($_) . "\t" . escaped($tree{$_}) . "\n" } sort keys %tree),
    map { my @r = @{$rec{$_}}; $r[$LINK] = escaped($r[$LINK]); join("\t", @r, escaped($_)) . "\n" } @order);
}

sub load {
  my ($dir) = @_;
  my $index = slurp("$dir/files");
  $blob = slurp("$dir/content");
  my $live = slurp("$dir/net");
  return 0 unless defined $index && defined $blob && defined $live;
  for my $line (split /\n/, $index) {
    my @r = split /\t/, $line, -1;
    if ($r[0] eq 'tree') { $tree{plain($r[1])} = plain($r[2]); next }
    my $path = plain(pop @r);
    $r[$LINK] = plain($r[$LINK]);
    $rec{$path} = [@r];
    push @order, $path;
  }
  while ($live =~ /\G([\w.]+) (\d+)\n/gc) {
    my ($name, $length) = ($1, $2);
    $net{$name} = substr $live, pos $live, $length;
    pos($live) += $length + 1;
  }
  return 1;
}

sub content { my ($path) = @_; my $r = $rec{$path}; return $r->[$OFF] eq '' ? undef : substr $blob, $r->[$OFF], $r->[$LEN] }
`;
