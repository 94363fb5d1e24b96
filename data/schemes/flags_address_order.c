/*
 * title: Atomic flags claimed in address order
 * source: ours: the flag of V5 with an order
 * entry: migrate
 *
 * The flags of the suggestion that was adopted, but claimed lower address first. Nobody waits
 * for a flag; still, two opposite moves now begin at the same one. Compare the outcomes with
 * those of flag_then_mutex.
 */

static int sev_claim(struct kvm *kvm)
{
	struct kvm_sev_info *sev = to_kvm_sev_info(kvm);

	return atomic_cmpxchg_acquire(&sev->migration_in_progress, 0, 1) ? -EBUSY : 0;
}

static void sev_release(struct kvm *kvm)
{
	atomic_set_release(&to_kvm_sev_info(kvm)->migration_in_progress, 0);
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	struct kvm *first = dst < src ? dst : src;
	struct kvm *second = dst < src ? src : dst;

	if (dst == src)
		return -EINVAL;

	if (sev_claim(first))
		return -EBUSY;

	if (sev_claim(second)) {
		sev_release(first);
		return -EBUSY;
	}

	mutex_lock(&dst->lock);
	mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING);

	sev_migrate_from(dst, src);

	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	sev_release(second);
	sev_release(first);
	return 0;
}
