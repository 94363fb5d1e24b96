/*
 * title: V4: per-VM spinlock and bool
 * source: Peter Gonda, 19 Aug 2021, 20210819154910.1064090-2-pgonda@google.com
 * entry: migrate
 *
 * The patch under review in the thread. Peter Gonda takes up Sean's flag and gives each VM a
 * spinlock of its own in place of the global one; testing the flag, setting it and locking the
 * VM all happen inside that spinlock. Look at the context in which each lock is taken, first
 * with a single move and nobody else about, then with two moves in opposite directions.
 */

static int sev_lock_for_migration(struct kvm *kvm)
{
	struct kvm_sev_info *sev = &to_kvm_svm(kvm)->sev_info;
	int ret = -EBUSY;

	spin_lock(&sev->migration_lock);

	/* A VM that already takes part in a move is left alone instead of waited for. */
	if (sev->migration_in_progress)
		goto out_unlock;

	/* The flag and the VM are meant to change hands in one go. */
	sev->migration_in_progress = true;
	mutex_lock(&kvm->lock);
	ret = 0;

out_unlock:
	spin_unlock(&sev->migration_lock);
	return ret;
}

static void sev_unlock_after_migration(struct kvm *kvm)
{
	struct kvm_sev_info *sev = &to_kvm_svm(kvm)->sev_info;

	/* The mutex goes first: whoever finds the flag clear should find the VM free as well. */
	mutex_unlock(&kvm->lock);
	WRITE_ONCE(sev->migration_in_progress, false);
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
