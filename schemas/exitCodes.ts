/**
 * The exit codes of the command line: those of sysexits.h, and 130 as a shell reports it after Ctrl-C. 0 is success.
 *
 * A script that starts the command line, and the schedule that starts runs, decide by them what to do next.
 */
export const exitCodes = {
  /** A run failed and left no exit code (records of older versions have none). */
  unrecorded: 1,
  /** EX_USAGE: the command line is wrong: an unknown option, or one that does not apply here. */
  usage: 64,
  /** EX_DATAERR: an experiment, a data file, a run or a checkpoint is there but not valid. */
  dataError: 65,
  /** EX_NOINPUT: a file, a run, a checkpoint or a champion that was named does not exist. */
  noInput: 66,
  /** EX_UNAVAILABLE: data cannot be downloaded, or an engine is not available; another time it may be. */
  unavailable: 69,
  /** EX_SOFTWARE: a bug of this program, or an engine or a thread that failed. */
  software: 70,
  /** EX_CANTCREAT: a file cannot be created because the user may not write there, or something else is there. */
  cannotCreate: 73,
  /** EX_IOERR: the operating system could not read or write a file. */
  ioError: 74,
  /** EX_TEMPFAIL: a run is in use (by another process, as a champion), or a process was killed or reached its time limit. */
  temporary: 75,
  /** 128 + SIGINT: the command was interrupted and saved what it had. */
  interrupted: 130,
} as const

export type ExitCodeName = keyof typeof exitCodes
