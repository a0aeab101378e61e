/**
 * Puts one path back. Each directory on the way is entered from the one before and is no link, so nobody who owns one of them can lead elsewhere;
 * a file comes beside, with owner and mode before content, and is renamed.
 */
export const PUT_BACK = String.raw`
our ($failures, %held, %kept_text) = (0);
sub told {
  my ($done, $what) = @_;
  $failures++ unless $done;
  print +($done ? 'put back: ' : 'not put back: '), $what, "\n";
  return $done;
}

# Leaves the process in the real directory that holds the path; the last name is returned. Undef where that is not to be had.
sub enter {
  my ($path) = @_;
  my @names = grep { length } split m{/}, $path;
  my $last = pop @names;
  return unless defined $last && chdir '/';
  for my $name (@names) {
    my @before = lstat $name or return;
    if (kind_of($before[2]) eq 'l') {
      my @here = stat '.';
      # only root can have put the link there
      return if $here[4] != 0 || $here[2] & 022;
      chdir $name or return;
      next;
    }
    return unless kind_of($before[2]) eq 'd' && chdir $name;
    my @after = stat '.';
    return unless $after[0] == $before[0] && $after[1] == $before[1];
  }
  return $last;
}

sub fit { my ($fh, $r) = @_; return chown($r->[$UID], $r->[$GID], $fh) && chmod($r->[$MODE], $fh) }

sub remove_all {
  my ($name) = @_;
  my @s = lstat $name or return 1;
  return unlink $name if kind_of($s[2]) ne 'd';
  opendir(my $home, '.') or return 0;
  my @home = stat $home;
  return 0 unless chdir $name;
  my @in = stat '.';
  my $ok = $in[0] == $s[0] && $in[1] == $s[1] && $s[0] == $home[0];
  if ($ok) { for my $inner (names_in('.')) { $ok = remove_all($inner) && $ok } }
  chdir $home or return 0;
  return $ok && rmdir $name;
}

# The bytes of a file as it was: kept with the snapshot, or read through a descriptor that was opened then.
sub was_content {
  my ($path) = @_;
  my $text = content($path);
  return $text if defined $text;
  return $kept_text{$path} if defined $kept_text{$path};
  my $fh = $held{$path} or return;
  sysseek($fh, 0, 0);
  my ($whole, $got) = ('', 1);
  while ($got) { $got = sysread $fh, $whole, 1 << 20, length $whole; return unless defined $got }
  return length($whole) == $rec{$path}[$SIZE] ? $whole : undef;
}

sub write_new {
  my ($r, $text) = @_;
  my $name = sprintf '.harden-undo.%d.%d', $$, ++$write_new::count;
  # O_WRONLY | O_CREAT | O_EXCL: nothing that is there is opened, and no link is followed
  sysopen(my $out, $name, 01 | 0100 | 0200, 0600) or return;
  my ($at, $ok) = (0, chown($r->[$UID], $r->[$GID], $out));
  while ($ok && $at < length $text) { my $n = syswrite $out, $text, 1 << 20, $at; $ok = defined $n; $at += $n || 0 }
  utime $r->[$MTIME], $r->[$MTIME], $out if $ok;
  $ok = $ok && chmod($r->[$MODE], $out) && close $out;
  return $name if $ok;
  unlink $name;
  return;
}

# True where something had to be put back, and whether that worked was told.
sub restore_path {
  my ($path) = @_;
  my $r = $rec{$path};
  my $why = differs($path, $r) or return 0;
  my $kind = $r->[$KIND];
  if ($path eq '/') { my $root; return told(sysopen($root, '/', 04000) && fit($root, $r), '/') }
  my $name = enter($path);
  return told(0, $path) unless defined $name;
  my @now = lstat $name;
  my $is = @now ? kind_of($now[2]) : '';
  my $done;
  if ($kind eq 'd') {
    $done = 1;
    if ($is ne 'd') { $done = remove_all($name) if @now; $done = $done && mkdir $name, 0700 }
    my $dh;
    if ($done && sysopen $dh, $name, 04000) { my (@at, @l) = stat $dh; @l = lstat $name; $done = $at[1] == $l[1] && $at[0] == $l[0] && kind_of($l[2]) eq 'd' && fit($dh, $r) } else { $done = 0 }
  } elsif ($kind eq 'l') {
    my $new = sprintf '.harden-undo.%d.%d', $$, ++$write_new::count;
    $done = symlink($r->[$LINK], $new);
    $done = remove_all($name) if $done && $is eq 'd';
    $done = $done && rename($new, $name) || (unlink($new), 0)[1];
  } elsif ($kind eq 'f') {
    my @here = stat '.';
    my $ours = $here[4] == 0 && !($here[2] & 022);
    if ($why eq 'mode' && $ours && $is eq 'f') {
      my $fh;
      $done = sysopen($fh, $name, 04000) && fit($fh, $r);
    } elsif (defined(my $text = was_content($path))) {
      my $new = write_new($r, $text);
      $done = defined $new;
      $done = remove_all($name) if $done && $is eq 'd';
      $done = $done && rename $new, $name;
    } elsif ($r->[$CLASS] eq 'p' && $is eq 'f' && $why ne 'mode') {
      # another program stands there, and what was there is not kept: its owner and mode at least
      my $fh;
      fit($fh, $r) if sysopen $fh, $name, 04000;
    }
  } elsif ($is eq $kind && $now[6] == $r->[$RDEV]) {
    $done = chown($r->[$UID], $r->[$GID], $name) && chmod($r->[$MODE], $name);
  } elsif ($kind eq 'c') {
    my $mknod = program('mknod');
    $done = remove_all($name) && $mknod && system({ $mknod } 'mknod', '-m', sprintf('%o', $r->[$MODE]), "./$name", 'c', device_numbers($r->[$RDEV])) == 0 && chown($r->[$UID], $r->[$GID], $name);
  }
  chdir '/';
  return told($done, $path);
}
sub device_numbers { my ($n) = @_; return (($n >> 8) & 0xfff, ($n & 0xff) | (($n >> 12) & 0xfff00)) }
`;
