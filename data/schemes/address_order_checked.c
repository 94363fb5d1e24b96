/*
 * title: Address order with its equality test
 * source: the shape of lock_two_nondirectories() in fs/inode.c
 * entry: migrate
 *
 * Address order once more, with the test that the plain version leaves out: a VM that is source
 * and destination at once is refused before any lock is taken.
 */

static int migrate(struct kvm *dst, struct kvm *src)
{
	struct kvm *first = dst < src ? dst : src;
	struct kvm *second = dst < src ? src : dst;

	if (dst == src)
		return -EINVAL;

	mutex_lock(&first->lock);
	mutex_lock_nested(&second->lock, SINGLE_DEPTH_NESTING);

	sev_migrate_from(dst, src);

	mutex_unlock(&second->lock);
	mutex_unlock(&first->lock);
	return 0;
}
