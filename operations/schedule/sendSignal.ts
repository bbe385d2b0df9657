/** (process id, signal) -> whether it could be sent: a process that is gone, or is somebody else's, is no error here. */
export const sendSignal = (pid: number, signal: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ESRCH" || error.code === "EPERM")) {
      return false
    }
    throw error
  }
}
