/*
 * title: v12 without its flags: the destination is tested first
 * source: KVM intra-host migration v12, 11 Nov 2021, and its selftest, sev_migrate_tests.c
 * entry: migrate
 * persistent: sev_active
 *
 * The locking that the patches had in November 2021, with the flags taken out to see what they
 * are needed for. A destination that is an SEV VM already is refused, and that is found out
 * before the source is locked.
 */

static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret = -EINVAL;

	mutex_lock(&dst->lock);

	/* The state goes to a VM that has none yet. */
	if (dst->sev_active)
		goto unlock_dst;

	mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING);

	/* Without state there is nothing to move. */
	if (!src->sev_active)
		goto unlock_src;

	sev_migrate_from(dst, src);
	dst->sev_active = true;
	src->sev_active = false;
	ret = 0;

unlock_src:
	mutex_unlock(&src->lock);
unlock_dst:
	mutex_unlock(&dst->lock);
	return ret;
}
