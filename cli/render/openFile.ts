/**
 * A file shown by the program the desktop has for it: (path) -> whether there is one that took it.
 *
 * Without a screen, as on a server or in a container, nothing is started: the caller says the path.
 */
import { spawn } from "node:child_process"
import { Effect } from "effect"

/** How long a launcher may take to refuse; some stay as long as the program they start. */
const patienceMs = 1500

const launcher = (path: string): readonly [program: string, ...args: ReadonlyArray<string>] | undefined => {
  switch (process.platform) {
    case "darwin":
      return ["open", path]
    case "win32":
      // The first quoted argument of `start` is a title.
      return ["cmd", "/c", "start", "", path]
    default: {
      const { DISPLAY, WAYLAND_DISPLAY } = process.env
      return (DISPLAY ?? "") === "" && (WAYLAND_DISPLAY ?? "") === "" ? undefined : ["xdg-open", path]
    }
  }
}

const launch = ([program, ...args]: readonly [string, ...ReadonlyArray<string>]) =>
  Effect.callback<boolean>((resume) => {
    const child = spawn(program, args, { detached: true, stdio: "ignore" })
    child.unref()
    child.on("error", () => resume(Effect.succeed(false)))
    child.on("exit", (code) => resume(Effect.succeed(code === 0)))
  }).pipe(Effect.timeoutOrElse({ duration: patienceMs, orElse: () => Effect.succeed(true) }))

/** Opens it, or says that nothing here can: its path has been said. */
export const sayIfNotOpened = (path: string) =>
  Effect.flatMap(openFile(path), (opened) =>
    opened ? Effect.void : Effect.logInfo("no browser could be started here: open that file in one"),
  )

export const openFile = (path: string): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    const found = launcher(path)
    return found === undefined ? Effect.succeed(false) : launch(found)
  })
