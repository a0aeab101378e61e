/** Prints dpkg's word for the state of the package that follows. */
export const STATUS = `dpkg-query -W -f '\${db:Status-Status}'`;

/** A script that gives a host packages in a repository of its own: `plainpkg`, `otherpkg`, and `slowpkg`, whose installation takes two minutes where `/srv/slow` is. */
export const REPOSITORY = `
mkdir -p /srv/repo /tmp/build && cd /tmp/build
make_package() {
  mkdir -p $1/DEBIAN $1/usr/share/$1
  printf 'Package: %s\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: lab <lab@example>\\nDescription: lab\\n' $1 >$1/DEBIAN/control
  head -c 300000 /dev/urandom >$1/usr/share/$1/data
  [ -z "$2" ] || { printf '#!/bin/sh\\n%s\\n' "$2" >$1/DEBIAN/postinst; chmod 0755 $1/DEBIAN/postinst; }
  dpkg-deb --build $1 /srv/repo/$1.deb
  { dpkg-deb -f /srv/repo/$1.deb; echo "Filename: ./$1.deb"; echo "Size: $(stat -c %s /srv/repo/$1.deb)"; echo "SHA256: $(sha256sum </srv/repo/$1.deb | cut -d' ' -f1)"; echo; } >>/srv/repo/Packages
}
make_package plainpkg ''
make_package otherpkg ''
make_package slowpkg '[ ! -e /srv/slow ] || { rm /srv/slow; sleep 120; }'
echo 'deb [trusted=yes] file:/srv/repo ./' >/etc/apt/sources.list.d/lab.list
apt-get -q update`;
