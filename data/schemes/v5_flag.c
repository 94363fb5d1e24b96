/*
 * title: V5 to V7: the flag, with tests between the locks
 * source: Peter Gonda, V5 to V7, 23 Aug to 2 Sep 2021; V7: 20210902181751.252227-2-pgonda@google.com
 * entry: migrate
 * persistent: left_sev
 *
 * The flag of the thread as Peter Gonda first posted it. Between the two VMs stands a test: the
 * destination, claimed and locked already, must be a SEV VM; only then is the source claimed. So
 * a move that cannot be done disturbs no other move of its source. A move takes SEV from its
 * source, so there and back fails here; from V8 on the test is the other way round. (left_sev is
 * the opposite of the kernel's field "active", so that every VM is a SEV VM at first.)
 */

static int sev_lock_for_migration(struct kvm *kvm)
{
	struct kvm_sev_info *sev = &to_kvm_svm(kvm)->sev_info;

	if (atomic_cmpxchg_acquire(&sev->migration_in_progress, 0, 1))
		return -EBUSY;

	mutex_lock(&kvm->lock);
	return 0;
}

static void sev_unlock_after_migration(struct kvm *kvm)
{
	struct kvm_sev_info *sev = &to_kvm_svm(kvm)->sev_info;

	mutex_unlock(&kvm->lock);
	atomic_set_release(&sev->migration_in_progress, 0);
}

static bool sev_guest(struct kvm *kvm)
{
	return !to_kvm_svm(kvm)->sev_info.left_sev;
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret;

	ret = sev_lock_for_migration(dst);
	if (ret)
		return ret;

	ret = -EINVAL;
	if (!sev_guest(dst))
		goto out_dst;

	ret = sev_lock_for_migration(src);
	if (ret)
		goto out_dst;

	ret = -EINVAL;
	if (!sev_guest(src))
		goto out_src;

	sev_migrate_from(dst, src);
	to_kvm_svm(src)->sev_info.left_sev = true;
	ret = 0;

out_src:
	sev_unlock_after_migration(src);
out_dst:
	sev_unlock_after_migration(dst);
	return ret;
}
