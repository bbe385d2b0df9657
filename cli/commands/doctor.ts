/** `pipeline doctor`: what on this machine is usable, and the one line that would mend what is not. */
import { styleText } from "node:util"
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { dataDir, json, runsDir } from "../flags.ts"

const network = Flag.Boolean("network").pipe(
  Flag.withDescription("Ask the mirrors of datasets that are not here whether they answer"),
  Flag.withDefault(false),
)

export const doctor = Command.make(
  "doctor",
  { runsDir, dataDir, network, json },
  Effect.fn("doctor")(function* ({ json, ...options }) {
    const { examine } = yield* Effect.promise(() => import("../doctor/examine.ts"))
    const { table } = yield* Effect.promise(() => import("../render/table.ts"))
    const findings = yield* examine(options)
    if (json) return yield* Console.log(JSON.stringify(findings, null, 2))
    const mark = (usable: boolean) =>
      usable
        ? styleText("green", "usable", { stream: process.stdout })
        : styleText("yellow", "not usable", { stream: process.stdout })
    const rows = findings.map(({ area, found, name, usable }) => [area, name, mark(usable), found])
    yield* Console.log(table(["", "", "", "found"], rows, 4))
    const remedies = findings.filter(({ remedy, usable }) => !usable && remedy !== null)
    if (remedies.length > 0) yield* Console.log("")
    for (const { area, name, remedy } of remedies) yield* Console.log(`${area} ${name}: ${remedy}`)
  }),
).pipe(
  Command.withDescription("Say what on this machine is usable, and what would mend what is not"),
  Command.withExamples([
    { command: "pipeline doctor", description: "Engines, devices, versions, data and disk" },
    { command: "pipeline doctor --network --json", description: "Mirrors too, for a script" },
  ]),
)
