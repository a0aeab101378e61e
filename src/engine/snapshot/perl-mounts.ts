/** Mounts over what the snapshot speaks of: what came is taken away, what was remounted gets its flags back. System calls, no program. */
export const MOUNTS = String.raw`
my %NUMBERS = (x86_64 => [166, 165, 170], aarch64 => [39, 40, 161], riscv64 => [39, 40, 161], map { ($_ => [52, 21, 74]) } qw(i386 i586 i686 armv6l armv7l armv8l ppc64le s390x));
our $machine; # umount2, mount, sethostname
my %FLAGS = (ro => 1, nosuid => 2, nodev => 4, noexec => 8, noatime => 1024, nodiratime => 2048, relatime => 1 << 21);

# One [identity, mount point, flags, root, type, source, super options] for each mount, the oldest first.
sub mounts_of {
  my ($text) = @_;
  my @found;
  for my $line (split /\n/, $text) {
    my ($left, $right) = split / - /, $line, 2;
    next unless defined $right;
    my (undef, undef, $device, $root, $point, $options) = split / /, $left;
    my ($type, $source, $super) = split / /, $right;
    for ($root, $point, $source) { s/\\([0-7]{3})/chr oct $1/ge }
    push @found, ["$device $root $type", $point, join(',', sort grep { $FLAGS{$_} } split /,/, $options), $root, $type, $source, $super];
  }
  return @found;
}

# On the way to something that was recorded, or within a directory that was taken whole.
sub on_the_way { my ($point) = @_; return $rec{$point} || grep { $point eq $_ || index($point, "$_/") == 0 } grep { $_ ne '/run' } keys %tree }

sub mounts_now { return grep { on_the_way($_->[1]) } mounts_of(slurp('/proc/self/mountinfo') || '') }

sub mounts_text { return join '', map { escaped(join ' ', @{$_}[0, 1, 2]) . "\n" } @_ }

# Those that there are more of than there were, the newest first; and those that are missing.
sub mounts_apart {
  my @was = grep { on_the_way($_->[1]) } mounts_of($net{mounts});
  my %was; push @{$was{"$_->[0] $_->[1]"}}, $_ for @was;
  my (@came, @other);
  for my $is (mounts_now()) {
    my $match = shift @{$was{"$is->[0] $is->[1]"} || []};
    if (!$match) { unshift @came, $is } elsif ($match->[2] ne $is->[2]) { push @other, [$is, $match] }
  }
  return (\@came, \@other, [map { @$_ } values %was]);
}

sub restore_mounts {
  my $numbers = $NUMBERS{$machine};
  my ($came, $other, $missing) = mounts_apart();
  for my $mount (@$came) {
    my $failed = !$numbers || syscall($numbers->[0], $mount->[1], 2) != 0;
    if ($failed) { my $umount = program('umount'); $failed = !$umount || system({ $umount } 'umount', '-l', '--', $mount->[1]) != 0 }
    told(!$failed, "the mount over $mount->[1]");
  }
  for my $pair (@$other) {
    my ($is, $was) = @$pair;
    my $flags = 32 | 4096;
    $flags |= $FLAGS{$_} for split /,/, $was->[2];
    my ($none, $point) = ('none', $is->[1]);
    my $zero = 0;
    told($numbers && syscall($numbers->[1], $none, $point, $zero, $flags, $zero) == 0, "the flags of the mount at $point");
  }
  for my $was (@$missing) {
    my $mount = program('mount') or next;
    my $failed = $was->[3] eq '/' ? system({ $mount } 'mount', '-t', $was->[4], '-o', join(',', grep { length } $was->[2], $was->[6]), '--', $was->[5], $was->[1]) : system({ $mount } 'mount', '--', $was->[1]);
    told($failed == 0, "the mount at $was->[1]");
  }
}
`;
