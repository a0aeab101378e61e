/** The label of the box's file system: a disk is named differently by each provider. */
export const LABEL = 'harden';

/** Debian's kernel package keeps both links at the newest kernel, so an update boots without GRUB's own tools. */
export const GRUB_CONFIG = `search --no-floppy --label --set=root ${LABEL}
linux /vmlinuz root=LABEL=${LABEL} ro net.ifnames=0 console=tty0 console=ttyS0 quiet
initrd /initrd.img
boot
`;

/** What makes a Debian a Vagrant box: the user, its key, and keys of its own at the first boot. */
export function boxRecipe(vagrantPublicKey: string): string {
  return `
useradd --create-home --shell /bin/bash vagrant
echo 'vagrant ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/vagrant
chmod 0440 /etc/sudoers.d/vagrant
install -d -m 0700 -o vagrant -g vagrant /home/vagrant/.ssh
echo '${vagrantPublicKey}' >/home/vagrant/.ssh/authorized_keys
chown vagrant:vagrant /home/vagrant/.ssh/authorized_keys
chmod 0600 /home/vagrant/.ssh/authorized_keys

cat >/etc/network/interfaces <<'END'
auto lo
iface lo inet loopback
allow-hotplug eth0
iface eth0 inet dhcp
END
echo 'LABEL=${LABEL} / ext4 defaults 0 1' >/etc/fstab
echo harden >/etc/hostname
echo '127.0.1.1 harden' >>/etc/hosts

rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id
: >/etc/machine-id
cat >/etc/systemd/system/box-host-keys.service <<'END'
[Unit]
Description=Make host keys at the first boot
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
Before=ssh.service

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A

[Install]
WantedBy=multi-user.target
END
systemctl enable box-host-keys.service
`;
}
