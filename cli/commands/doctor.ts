/** `pipeline doctor`: what a run can use on this machine, and for what it cannot use, how to fix that. */
import { styleText } from "node:util"
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { dataDir, json, runsDir } from "../flags.ts"
import { styled } from "../render/printableConsole.ts"
import { outputColumns } from "../render/printText.ts"

const network = Flag.Boolean("network").pipe(
  Flag.withDescription("Check whether the mirrors of datasets that are not downloaded respond"),
  Flag.withDefault(false),
)

export const doctor = Command.make(
  "doctor",
  { runsDir, dataDir, network, json },
  Effect.fn("doctor")(function* ({ json, ...options }) {
    const { checkMachine } = yield* Effect.promise(() => import("../doctor/check.ts"))
    const { renderFindings } = yield* Effect.promise(() => import("../render/renderFindings.ts"))
    const findings = yield* checkMachine(options)
    if (json) return yield* Console.log(JSON.stringify(findings, null, 2))
    const mark = (available: boolean) =>
      available
        ? styleText("green", "available", { stream: process.stdout })
        : styleText("yellow", "not available", { stream: process.stdout })
    const columns = outputColumns()
    yield* styled(Console.log(renderFindings(findings, columns, mark)))
  }),
).pipe(
  Command.withDescription("Check engines, data and disk space, and suggest fixes"),
  Command.withExamples([
    { command: "pipeline doctor", description: "Check what a run needs from this machine" },
    {
      command: "pipeline doctor --network --json",
      description: "Check the mirrors of datasets too, and print JSON for a script",
    },
  ]),
)
