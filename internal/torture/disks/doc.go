// Package disks tortures the built program with disks that are cut from power, that hang,
// that are slow, full, read-only or gone: real file systems on the devices of
// package device, under real sessions.
//
// After each fault every log must have the right verdict and hold what clients and programs saw, the
// operator must have been told, and, once the disk works again, so must the gateway. The tests take
// root, and the kernel's loop devices, FUSE, ext4 and xfs.
package disks
