/*
 * title: One-off try lock on the source
 * source: Sean Christopherson, 19 Aug 2021, YR7iD6kdTUpWwwRn@google.com
 * entry: migrate
 *
 * Sean Christopherson calls his flag a sort of one-off try lock; this scheme takes the picture at
 * its word and needs no flag. The destination is locked in the usual way, the source is only
 * tried, and a failed try undoes everything. Compare it with the flag: first on two opposite
 * moves, then beside an ordinary ioctl on one of the VMs, which has no part in any move.
 */

static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret = 0;

	mutex_lock(&dst->lock);

	/* Never wait for a second VM while holding a first one. */
	if (!mutex_trylock(&src->lock)) {
		ret = -EBUSY;
		goto out_dst;
	}

	sev_migrate_from(dst, src);

	mutex_unlock(&src->lock);
out_dst:
	mutex_unlock(&dst->lock);
	return ret;
}
