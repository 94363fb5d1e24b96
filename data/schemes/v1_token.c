/*
 * title: V1 to V3: a token in a global hash
 * source: Peter Gonda, V1, 21 Jun 2021, 20210621163118.1040170-3-pgonda@google.com; V3: 20210726195015.2106033-3-pgonda@google.com
 * entry: migrate
 * persistent: info_token, staged, received
 *
 * Before there was one ioctl there were two. The source puts its state into a table and has a
 * token for it, for good; the destination shows the token and takes the state out. Each locks its
 * own VM alone, and one spinlock guards the table: nobody ever holds two mutexes, so there is no
 * order to get wrong. Let two opposite moves meet, and look for what is left in the table. (The
 * entry of a VM's token is its field "staged". V2 and V3 refuse a source that was never launched,
 * too; "received" is how a VM gets launched here.)
 */

/* Guards all entries of the table, whoever's they are. */
static DEFINE_SPINLOCK(sev_info_migration_lock);

/* A VM that has a token may do next to nothing any more: every later SEV command is refused. */
static bool sev_has_token(struct kvm *kvm)
{
	return to_kvm_svm(kvm)->sev_info.info_token;
}

static int sev_send(struct kvm *src)
{
	struct kvm_sev_info *sev = &to_kvm_svm(src)->sev_info;
	int ret = -EPERM;

	mutex_lock(&src->lock);
	if (sev_has_token(src))
		goto out;

	spin_lock(&sev_info_migration_lock);
	sev->staged = true;
	spin_unlock(&sev_info_migration_lock);

	sev->info_token = true;
	ret = 0;
out:
	mutex_unlock(&src->lock);
	return ret;
}

static int sev_receive(struct kvm *dst, struct kvm *src)
{
	struct kvm_sev_info *dst_sev = &to_kvm_svm(dst)->sev_info;
	struct kvm_sev_info *src_sev = &to_kvm_svm(src)->sev_info;
	int ret = -EPERM;

	mutex_lock(&dst->lock);
	if (sev_has_token(dst) || dst_sev->received)
		goto out;

	/* A token is good for one receive. */
	ret = -EFAULT;
	spin_lock(&sev_info_migration_lock);
	if (src_sev->staged) {
		src_sev->staged = false;
		sev_migrate_from(dst, src);
		dst_sev->received = true;
		ret = 0;
	}
	spin_unlock(&sev_info_migration_lock);
out:
	mutex_unlock(&dst->lock);
	return ret;
}

/* What userspace does: one ioctl on the source, then one on the destination. */
static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret = sev_send(src);

	if (ret)
		return ret;

	return sev_receive(dst, src);
}
