/*
 * title: Dead VM: tested again under the locks
 * source: the shape of vm_dead in Linux 5.16, kvm_vm_dead()
 * entry: migrate
 * persistent: vm_dead
 *
 * The same, with the test repeated once the locks are held. Compare the outcomes with those of
 * dead_vm.
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

	/* Whoever waited for the locks looks again. */
	if (dst->vm_dead || src->vm_dead)
		goto out;

	sev_migrate_from(dst, src);
	WRITE_ONCE(src->vm_dead, true);
	ret = 0;

out:
	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	mutex_unlock(&sev_move_mutex);
	return ret;
}
