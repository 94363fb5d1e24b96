/*
 * title: Global spinlock, one bool for each VM
 * source: Sean Christopherson, 29 Jul 2021, YQMpChJVo13/Njnc@google.com
 * entry: migrate
 *
 * Sean Christopherson's sketch in his review of V3: one spinlock for the whole module guards a
 * plain bool in each VM, and only the task that turns the bool on goes on to lock that VM. Three
 * weeks later he wonders why he asked for a global lock at all. Look for what the spinlock is
 * held across, for what it is not held across, and for who is told -EINVAL when two moves meet.
 */

/* One lock for all VMs: it decides who may begin a move, and nothing else. */
static DEFINE_SPINLOCK(sev_migration_lock);

static int sev_claim_for_migration(struct kvm *kvm)
{
	struct kvm_sev_info *sev = &to_kvm_svm(kvm)->sev_info;
	int ret = -EINVAL;

	/* Test and set belong together: two tasks must not both find the bool clear. */
	spin_lock(&sev_migration_lock);
	if (!sev->migration_in_progress) {
		sev->migration_in_progress = true;
		ret = 0;
	}
	spin_unlock(&sev_migration_lock);
	return ret;
}

static int sev_lock_for_migration(struct kvm *kvm)
{
	int ret = sev_claim_for_migration(kvm);

	if (ret)
		return ret;

	/* The claim shuts out other moves; the mutex shuts out this VM's ordinary ioctls. */
	mutex_lock(&kvm->lock);
	return 0;
}

static void sev_unlock_after_migration(struct kvm *kvm)
{
	struct kvm_sev_info *sev = &to_kvm_svm(kvm)->sev_info;

	mutex_unlock(&kvm->lock);
	/* Clearing decides nothing, so the sketch does it without the spinlock. */
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
