/*
 * title: Dead VM: tested at entry only
 * source: the shape of vm_dead in Linux 5.16, kvm_vm_dead()
 * entry: migrate
 * persistent: vm_dead
 *
 * A source that has been moved away is dead, and no ioctl may touch it again. The test stands at
 * the entry of the ioctl, before the locks. Move A to B and B to A and look for a run in which
 * both succeed: what has the second one moved into? One global mutex keeps the locking itself
 * simple here.
 */

static DEFINE_MUTEX(sev_move_mutex);

static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret = -EIO;

	/* Every ioctl on a VM starts like this. */
	if (READ_ONCE(dst->vm_dead))
		return -EIO;

	mutex_lock(&sev_move_mutex);
	mutex_lock(&dst->lock);
	mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING);

	sev_migrate_from(dst, src);
	WRITE_ONCE(src->vm_dead, true);
	ret = 0;

	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	mutex_unlock(&sev_move_mutex);
	return ret;
}
