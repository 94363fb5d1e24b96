/*
 * title: Both flags claimed in one critical section
 * source: ours: what the thread's wish for a winner would have needed
 * entry: migrate
 *
 * One short spinlock section looks at both flags and sets both or neither; no mutex is taken
 * inside it. The flags themselves are plain bools, as in V4. Ask of this scheme what the thread
 * asked of the flag: does one of two opposite moves always win?
 */

static DEFINE_SPINLOCK(sev_migration_lock);

static int sev_claim_both(struct kvm *dst, struct kvm *src)
{
	struct kvm_sev_info *d = to_kvm_sev_info(dst);
	struct kvm_sev_info *s = to_kvm_sev_info(src);
	int ret = -EBUSY;

	spin_lock(&sev_migration_lock);
	if (!d->migration_in_progress && !s->migration_in_progress) {
		d->migration_in_progress = true;
		s->migration_in_progress = true;
		ret = 0;
	}
	spin_unlock(&sev_migration_lock);
	return ret;
}

static void sev_release_both(struct kvm *dst, struct kvm *src)
{
	spin_lock(&sev_migration_lock);
	to_kvm_sev_info(dst)->migration_in_progress = false;
	to_kvm_sev_info(src)->migration_in_progress = false;
	spin_unlock(&sev_migration_lock);
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	if (dst == src)
		return -EINVAL;

	if (sev_claim_both(dst, src))
		return -EBUSY;

	mutex_lock(&dst->lock);
	mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING);

	sev_migrate_from(dst, src);

	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	sev_release_both(dst, src);
	return 0;
}
