"""sevviz: see, step through and check the two-VM locking of KVM SEV intra-host migration."""
