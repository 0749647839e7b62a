//! What a process has cost so far, as the kernel counts it.

use std::io;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Processor time of this process with all its threads, in milliseconds.
pub fn cpu_ms() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec as u32).as_millis() as u64
}

/// The most memory a process ever held (`VmHWM`), in bytes; `pid` may be `self`.
pub fn peak_memory_bytes(pid: &str) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("the kernel does not tell VmHWM"))
}

/// The processor's name, how many of them may be used, and the memory.
pub fn machine() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let facts = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = facts.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let memory_gib = memory.trim().trim_end_matches(" kB").parse::<u64>().map_or(0, |kib| kib >> 20);
    format!("{}, {cores} cores, {memory_gib} GiB", name.trim_start_matches([' ', '\t', ':']))
}
