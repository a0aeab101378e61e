root@10.213.77.10: connecting
root@10.213.77.10: auditing: effective
root@10.213.77.10: auditing: containers
1 host: 1 audited
