/*
 * title: A move that can be refused, flags first
 * source: after the RFC of 2023 for moving TDX VMs, which was not merged
 * entry: migrate
 * persistent: has_state
 *
 * Claim both flags, take both mutexes, look whether there is anything to move, move it, give
 * everything back.
 */

static int claim_vm(struct kvm *kvm)
{
	if (atomic_cmpxchg_acquire(&kvm->migration_in_progress, 0, 1))
		return -EBUSY;
	return 0;
}

static void release_vm(struct kvm *kvm)
{
	atomic_set_release(&kvm->migration_in_progress, 0);
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret;

	ret = claim_vm(dst);
	if (ret)
		return ret;

	ret = claim_vm(src);
	if (ret) {
		release_vm(dst);
		return ret;
	}

	mutex_lock(&dst->lock);
	mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING);

	if (!src->has_state) {
		ret = -EINVAL;
		goto unlock;
	}

	sev_migrate_from(dst, src);
	src->has_state = false;
	dst->has_state = true;

	release_vm(src);
	release_vm(dst);
unlock:
	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	return ret;
}
