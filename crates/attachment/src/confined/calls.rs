//! The system calls that a confined process may make.
//!
//! Owns: the list. What is not on it is answered as by a kernel that does not have the call (`ENOSYS`), so that a
//! library that can do without goes on. There is no socket but the pair by which a thread of ours starts a process, no
//! tracing, no signal to others, no mount, no name space, no key, no asynchronous I/O, no change of owners, modes or
//! lengths of files.
//! The list is what glibc's loader, prlimit(1) and a reading and computing C++ program use on the architectures below.
//! Source: seccomp(2); syscalls(2).

use super::ConfinedError;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use std::collections::BTreeMap;

/// Whatever their arguments are.
const ALLOWED: [libc::c_long; 63] = [
    // Reading, and writing to what is open.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_openat,
    libc::SYS_close,
    libc::SYS_lseek,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_pipe2,
    libc::SYS_ppoll,
    libc::SYS_fadvise64,
    // Looking at files; Landlock says which.
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_chdir,
    // Memory.
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    // Itself and its threads.
    libc::SYS_execve,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_futex,
    libc::SYS_set_tid_address,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_restart_syscall,
    libc::SYS_setrlimit,
    libc::SYS_getrlimit,
    libc::SYS_getrusage,
    // Signals to itself.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    // Who it is; from root it can only become less.
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setgroups,
    // What every library asks for.
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_gettimeofday,
    // How a thread of ours hears from the process it starts.
    libc::SYS_recvfrom,
];

/// Calls that newer architectures have under other names only.
#[cfg(target_arch = "x86_64")]
const OLD: [libc::c_long; 12] = [
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_dup2,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_vfork,
    libc::SYS_fork,
    libc::SYS_arch_prctl,
    libc::SYS_time,
];
#[cfg(not(target_arch = "x86_64"))]
const OLD: [libc::c_long; 0] = [];

/// The filter of the machine Ward runs on.
pub(super) fn filter() -> Result<BpfProgram, ConfinedError> {
    build().map_err(|error| ConfinedError::Calls(error.to_string()))
}

fn build() -> Result<BpfProgram, seccompiler::BackendError> {
    let name_spaces = 0x7E02_0000; // every CLONE_NEW… of clone(2)
    let mut rules: BTreeMap<_, _> = ALLOWED.into_iter().chain(OLD).map(|call| (call, Vec::new())).collect();
    rules.insert(libc::SYS_clone, vec![when(0, SeccompCmpOp::MaskedEq(name_spaces), 0)?]);
    rules.insert(libc::SYS_socketpair, vec![when(0, SeccompCmpOp::Eq, libc::AF_UNIX)?]);
    // Limits of its own, not of another process of the same user.
    rules.insert(libc::SYS_prlimit64, vec![when(0, SeccompCmpOp::Eq, 0)?]);
    // Not whom to tell by a signal.
    let commands = [libc::F_DUPFD, libc::F_DUPFD_CLOEXEC, libc::F_GETFD, libc::F_SETFD, libc::F_GETFL];
    let commands = commands.map(|command| when(1, SeccompCmpOp::Eq, command));
    rules.insert(libc::SYS_fcntl, commands.into_iter().collect::<Result<_, _>>()?);
    let unknown = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let machine = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, unknown, SeccompAction::Allow, machine)?.try_into()
}

/// A call is allowed when this argument of it compares so.
fn when(
    argument: u8,
    comparison: SeccompCmpOp,
    value: libc::c_int,
) -> Result<SeccompRule, seccompiler::BackendError> {
    let value = u64::from(value.unsigned_abs());
    SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, comparison, value)?])
}
