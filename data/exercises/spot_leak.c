/*
 * title: A move that can be refused
 * source: after the RFC of 2023 for moving TDX VMs, which was not merged
 * entry: migrate
 * persistent: has_state
 *
 * Both flags are claimed, both mutexes are taken, and only then can the move look whether the
 * source has any state to give away. If it has none, all must be given back.
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
	if (ret)
		goto release_dst;

	mutex_lock(&dst->lock);
	mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING);

	/* Without state there is nothing to move. */
	if (!src->has_state) {
		ret = -EINVAL;
		goto unlock;
	}

	/* Nor may the destination have any, or it would be lost. */
	if (dst->has_state) {
		ret = -EINVAL;
		goto undo;
	}

	sev_migrate_from(dst, src);
	src->has_state = false;
	dst->has_state = true;

undo:
	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	release_vm(src);
release_dst:
	release_vm(dst);
	return ret;

unlock:
	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	return ret;
}
