/** What is not as it was: by owner, mode and identity, and by the bytes where these were kept. */
export const COMPARE = String.raw`
# How a path differs from what was recorded: "mode" (owner or mode alone), "content", "kind", "missing"; "" where it does not.
sub differs {
  my ($path, $r) = @_;
  my @s = lstat $path;
  return $r->[$KIND] eq 's' ? '' : 'missing' unless @s;
  my $kind = kind_of($s[2]);
  return 'kind' if $kind ne $r->[$KIND] || ($kind eq 'c' || $kind eq 'b') && $s[6] != $r->[$RDEV];
  return readlink($path) eq $r->[$LINK] ? '' : 'content' if $kind eq 'l';
  my $moved = ($s[2] & 07777) != $r->[$MODE] || $s[4] != $r->[$UID] || $s[5] != $r->[$GID];
  if ($kind eq 'f') {
    my $same = $s[1] == $r->[$INO] && $s[7] == $r->[$SIZE] && $s[9] == $r->[$MTIME] && $s[10] == $r->[$CTIME] && $s[10] < $net{taken} - 1;
    if (!$same && $r->[$OFF] ne '') {
      return 'content' if $s[7] != $r->[$LEN];
      my $text = slurp($path, $LIMIT);
      return 'content' if !defined $text || $text ne content($path);
    } elsif (!$same && ($s[7] != $r->[$SIZE] || $s[9] != $r->[$MTIME])) {
      return 'content' unless same_bytes($path, \@s);
    }
  }
  return $moved ? 'mode' : '';
}

# A program that was replaced by the same one, as a task does that gives it another mode and back.
sub same_bytes {
  my ($path, $s) = @_;
  my $r = $rec{$path};
  return 0 if $s->[7] != $r->[$SIZE];
  my $was = was_content($path);
  return 0 unless defined $was;
  my $is = slurp($path);
  return defined $is && $is eq $was;
}

# What came into the directories that were taken whole.
sub came_in {
  my @came;
  for my $top (sort keys %tree) {
    my $only = $tree{$top};
    for my $name (names_in($top)) {
      next if $only && $name !~ /$only/;
      my $path = "$top/$name";
      push @came, $path unless $rec{$path} || apart($path) || $name =~ /^\.harden/;
    }
  }
  return @came;
}

# One [label, state] for each thing that is not as it was.
sub differences {
  my @found;
  for my $path (@order) {
    next if $rec{$path}[$KIND] eq 's';
    my $how = differs($path, $rec{$path}) or next;
    my @s = lstat $path;
    push @found, [$path, join ' ', $how, @s ? @s[1, 2, 4, 5, 7, 9, 10] : ()];
  }
  for my $path (came_in()) { my @s = lstat $path; push @found, [$path, join ' ', 'new', @s[1, 2, 4, 5, 7, 9, 10]] if @s }
  my ($came, $other, $missing) = mounts_apart();
  push @found, ["mount $_->[1]", mounts_text($_)] for @$came, (map { $_->[0] } @$other), @$missing;
  my $now = live_state();
  for my $part (sort keys %$now) { push @found, [label_of($part), $now->{$part}] if $now->{$part} ne (defined $net{$part} ? $net{$part} : '') }
  return @found;
}

# Prints what differs that did not differ so at the last call.
sub compare {
  my ($dir) = @_;
  my %last = map { my ($label, $state) = split /\t/, $_, 2; ($label => $state) } split /\n/, slurp("$dir/last") || '';
  my (@lines, @new);
  for my $one (differences()) {
    my ($label, $state) = (escaped($one->[0]), escaped($one->[1]));
    push @lines, "$label\t$state\n";
    push @new, $one->[0] unless defined $last{$label} && $last{$label} eq $state;
    delete $last{$label};
  }
  save($dir, 'last', join '', @lines);
  tr/\n/ /, print "$_\n" for @new;
}
`;
