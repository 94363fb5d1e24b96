"""The same C, at the same interleaving, in a real Linux kernel: ground truth for what sevviz says.

A scheme's own file is compiled into a small Linux kernel (Debian's linux-source, as User-Mode Linux or for QEMU) with a
schedule point in front of each step, so that a schedule of sevviz drives real tasks one step at a time. What the tasks
did, where they are stuck and what the kernel reports is compared with what the model predicts.
"""
