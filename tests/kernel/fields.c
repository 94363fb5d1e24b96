/*
 * title: Every way to read and write a shared field
 * source: Documentation/atomic_t.txt, Documentation/memory-barriers.txt
 * entry: migrate
 * persistent: moves, seen, turn, sev.count, sev.state
 */
static int moves = 2;
static atomic_t seen = ATOMIC_INIT(1);

static int larger(int one, int other)
{
	return one > other ? one : other;
}

static struct kvm_sev_info *info_of(struct kvm *kvm)
{
	return &kvm->sev;
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	struct kvm_sev_info *sev = info_of(src);
	int old = moves++;

	info_of(dst)->count += old;
	--sev->count;
	sev->state = sev->count == info_of(dst)->count;
	WRITE_ONCE(dst->turn, READ_ONCE(src->turn) + 1);
	smp_store_release(&dst->turn, larger(smp_load_acquire(&src->turn), moves));
	if (atomic_xchg(&seen, 7) == 1 || atomic_cmpxchg_relaxed(&seen, 7, 3) != 7)
		return -EAGAIN;
	atomic_set(&seen, atomic_read(&seen) + 1);
	for (int i = 0; i < 2; i++)
		atomic_set_release(&seen, atomic_read_acquire(&seen) - i);
	switch (sev->state) {
	case 0:
		return larger(dst->turn, src->turn) > 3 ? -EINVAL : -EFAULT;
	default:
		return 0;
	}
}
