/*
 * title: Flag cleared before the mutex is unlocked
 * source: ours: V5 with its last two lines exchanged
 * entry: migrate
 *
 * The suggestion that was adopted gives the mutex back first and the flag after it. Here the
 * flag goes first, in program order. What can a newcomer meet that claims the flag in between,
 * and is it only a short wait?
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

	atomic_set_release(&sev->migration_in_progress, 0);
	mutex_unlock(&kvm->lock);
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret;

	ret = sev_lock_for_migration(dst);
	if (ret)
		return ret;

	ret = sev_lock_for_migration(src);
	if (ret)
		goto out_dst;

	sev_migrate_from(dst, src);

	sev_unlock_after_migration(src);
out_dst:
	sev_unlock_after_migration(dst);
	return ret;
}
