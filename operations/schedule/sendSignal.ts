/** (process id, signal) -> whether it was sent. It is no error if the process is gone or belongs to another user. */
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
