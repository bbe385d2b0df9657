/**
 * `pipeline`: the tree of commands. Prints errors in one line and returns the exit code (`schemas/exitCodes.ts`).
 *
 * Start-up is short because this file imports nothing heavy: commands load engines and stages when they run.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer } from "effect"
import { Command } from "effect/cli"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { version } from "../schemas/version.ts"
import { champion } from "./commands/champion.ts"
import { compare } from "./commands/compare.ts"
import { dashboard } from "./commands/dashboard.ts"
import { data } from "./commands/data.ts"
import { exportCommand } from "./commands/export.ts"
import { gc } from "./commands/gc.ts"
import { doctor } from "./commands/doctor.ts"
import { engine } from "./commands/engine.ts"
import { list } from "./commands/list.ts"
import { predict } from "./commands/predict.ts"
import { promote } from "./commands/promote.ts"
import { pull } from "./commands/pull.ts"
import { queue } from "./commands/queue.ts"
import { resume } from "./commands/resume.ts"
import { rollback } from "./commands/rollback.ts"
import { rm } from "./commands/rm.ts"
import { run } from "./commands/run.ts"
import { schedule } from "./commands/schedule.ts"
import { show } from "./commands/show.ts"
import { sweep } from "./commands/sweep.ts"
import { layerHelp } from "./help.ts"
import { layerUsageErrors } from "./usageErrors.ts"
import { worker } from "./commands/worker.ts"
import { watch } from "./commands/watch.ts"
import { layerEventDisplay, type SendEvent, sendFailure } from "./events.ts"
import { commandExitCode, printFailure } from "./failure.ts"
import { layerDisplayLog } from "../pipeline/displayLog.ts"
import { withPrintableConsole } from "./render/printableConsole.ts"
import { layerTerminal } from "./render/Terminal.ts"

const pipeline = Command.make("pipeline").pipe(
  Command.withDescription(
    "Train models as typed, resumable pipelines: an experiment file in, a run directory out.",
  ),
  Command.withExamples([
    { command: "pipeline run experiments/cnn.ts", description: "Train the convolutional network on MNIST" },
    { command: "pipeline resume latest", description: "Resume the newest run from its last checkpoint" },
    { command: "pipeline list", description: "List the runs" },
    { command: "pipeline show latest", description: "Show the test result of the newest run" },
  ]),
  Command.withSubcommands([
    { group: "TRAIN", commands: [data, run, resume, watch, sweep, schedule] },
    { group: "MANY MACHINES", commands: [worker, queue, pull] },
    { group: "LOOK AT RUNS", commands: [list, show, compare, dashboard] },
    { group: "USE A MODEL", commands: [predict, exportCommand] },
    { group: "CHAMPIONS OF SCHEDULES", commands: [champion, promote, rollback] },
    { group: "MAINTAIN", commands: [doctor, engine, rm, gc] },
  ]),
)

const servicesWith = (send: SendEvent | undefined) =>
  layerDisplayLog.pipe(
    Layer.provideMerge(layerUsageErrors),
    Layer.provideMerge(layerHelp),
    Layer.provideMerge(send === undefined ? layerTerminal : layerEventDisplay(send)),
    Layer.provideMerge(FetchHttpClient.layer),
    Layer.provideMerge(NodeServices.layer),
  )

/**
 * Runs a command line to its end: (the words after `pipeline`, where to report instead of the terminal) -> exit code.
 *
 * Signals are not handled here: StopSignal handles them during a run, and at other times the process simply ends.
 */
export const runCommandLine = (words: ReadonlyArray<string>, send?: SendEvent): Effect.Effect<number> =>
  Command.runWith(pipeline, { version })(words).pipe(
    withPrintableConsole,
    Effect.tapCause(send === undefined ? printFailure : sendFailure(send)),
    Effect.provide(servicesWith(send)),
    Effect.exit,
    Effect.map(commandExitCode),
  )
