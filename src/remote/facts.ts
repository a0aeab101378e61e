/** What the host told about itself when the root shell opened; playbooks read it as `{{facts.…}}`. */
export interface Facts {
  readonly hostname: string;
  readonly os: {
    /** os-release ID: `debian`, `ubuntu`. */
    readonly id: string;
    /** os-release VERSION_ID: `12`, `24.04`. */
    readonly version: string;
    /** os-release VERSION_CODENAME: `bookworm`. */
    readonly codename: string;
    /** os-release ID_LIKE, split. */
    readonly like: readonly string[];
    /** os-release PRETTY_NAME. */
    readonly name: string;
  };
  /** `uname -r`. */
  readonly kernel: string;
  /** `uname -m`: `x86_64`, `aarch64`. */
  readonly arch: string;
  /** True when systemd is PID 1. */
  readonly systemd: boolean;
  /** What systemd-detect-virt says: `none`, `kvm`, `lxc`, `systemd-nspawn`. */
  readonly virtualization: string;
  /** True where the host is itself a container, whose kernel is that of the machine around it. */
  readonly container: boolean;
  /** True where the kernel keeps audit rules for this host. */
  readonly audit: boolean;
  /** True where AppArmor is on. */
  readonly apparmor: boolean;
  /** True where the kernel has Yama (`kernel.yama.ptrace_scope`). */
  readonly yama: boolean;
  /** True where apt-get and dpkg are there. */
  readonly apt: boolean;
  /** The account that logged in, before sudo. */
  readonly login: string;
  /** The login's connection as the host sees it (SSH_CONNECTION); null without ssh. */
  readonly ssh: {
    readonly client: string;
    readonly address: string;
    /** The port of the host that this run came in by. */
    readonly port: number;
  } | null;
}
