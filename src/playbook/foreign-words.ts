/** Keys of Ansible plays, and what stands for them in a playbook. */
export const foreignPlaybookKeys: Readonly<Record<string, string>> = {
  hosts: 'Hosts are named on the command line: -H user@host, or -i inventory.yml with -l pattern',
  become: 'Everything runs as root; leave it out',
  become_user: 'Everything runs as root; leave it out',
  gather_facts: 'Facts are always there; leave it out',
  remote_user: 'The login is named with -H user@host, or in the inventory',
  roles: 'Write include: file.yml as a task',
  vars_files: 'Give them on the command line: --vars-file FILE',
  pre_tasks: 'Tasks run in the order of `tasks:`',
  post_tasks: 'Tasks run in the order of `tasks:`',
};

/** Keys of Ansible tasks, and what stands for them. */
export const foreignTaskKeys: Readonly<Record<string, string>> = {
  loop: 'Write `each:`',
  with_items: 'Write `each:`',
  become: 'Everything runs as root; leave it out',
  become_user: 'Everything runs as root; leave it out',
  register: 'Tasks do not read the output of other tasks; compare facts and variables with `when:`',
  ignore_errors: 'A run stops at the first failure; use `when:` to leave a task out',
  no_log: 'Write `sensitive: true`',
  block: 'Put the tasks in a file of their own, and write include: file.yml',
  include_tasks: 'Write include: file.yml',
  import_tasks: 'Write include: file.yml',
  import_playbook: 'Write include: file.yml',
  include_role: 'Write include: file.yml',
  import_role: 'Write include: file.yml',
  listen: 'Write `notify:` with the name of a handler',
  changed_when: 'The state that is read from the host decides; leave it out',
  failed_when: 'The state that is read from the host decides; leave it out',
  set_fact: 'Write `vars:` in the playbook',
  vars: 'Variables stand under `vars:` of the playbook or of an include',
};

/** Types that people know by another name: the first of the list that exists here is meant. */
export const otherTypeNames: Readonly<Record<string, readonly string[]>> = {
  package: ['apt'],
  apt_key: ['apt_repository'],
  systemd: ['service'],
  systemd_service: ['service'],
  shell: ['command'],
  raw: ['command'],
  script: ['command'],
  lineinfile: ['blockinfile', 'file'],
  replace: ['blockinfile', 'file'],
  iptables: ['ufw'],
  firewalld: ['ufw'],
  sshd_config: ['sshd'],
  daemon_json: ['docker_daemon'],
};
