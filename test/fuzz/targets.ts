/**
 * What is fuzzed: each target makes a wrong input from a draw and says how the program took it.
 *
 * Anything is right except a crash (exit code 70, a trace, an exception), a wrong exit code, and work without a limit.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, Exit, Schema } from "effect"
import sharp from "sharp"
import { decodeExperiment } from "../../pipeline/experimentFile/load.ts"
import { Experiment } from "../../schemas/experiment/Experiment.ts"
import { parseIdx } from "../../stages/dataset/idx.ts"
import { verifyContent } from "../../stages/fetch/content.ts"
import { decodeGray } from "../../stages/preprocess/decode.ts"
import { decodeSafetensors } from "../../storage/safetensors.ts"
import { decodeEvent } from "../../storage/tensorboard/proto.ts"
import { readRecords } from "../../storage/tensorboard/records.ts"
import best from "../../experiments/cnn-best.ts"
import residual from "../../experiments/cnn-residual.ts"
import { runCommand } from "../fixtures/command.ts"
import { digitAt } from "../fixtures/mnistTest.ts"
import tiny from "../fixtures/tiny.ts"
import { type Draw, mutateBytes, mutateValue } from "./mutate.ts"

export interface Outcome {
  readonly taken: "accepted" | "refused" | "crashed"
  /** What was done, and what was said. */
  readonly detail: string
}

export interface Target {
  readonly name: string
  readonly run: (draw: Draw, scratch: string) => Promise<Outcome>
}

const accepted: Outcome = { taken: "accepted", detail: "" }
const refused = (detail: string): Outcome => ({ taken: "refused", detail })
const crashed = (detail: string): Outcome => ({ taken: "crashed", detail })

/** How an effect with typed errors ended: a defect is a crash. */
const outcomeOf = (exit: Exit.Exit<unknown, unknown>): Outcome => {
  if (Exit.isSuccess(exit)) return accepted
  if (Cause.hasDies(exit.cause)) return crashed(Cause.pretty(exit.cause))
  const error = Cause.squash(exit.cause)
  const message = error instanceof Error ? error.message : String(error)
  return message.length > 20_000 ? crashed(`a message of ${message.length} characters`) : refused(message)
}

/** A pure function that returns a Result: an exception is a crash. */
const guarded = (parse: () => { readonly _tag: string } | ReadonlyArray<unknown>): Outcome => {
  try {
    const result = parse()
    return "_tag" in result && result._tag === "Failure" ? refused("") : accepted
  } catch (error) {
    return crashed(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
}

const fixture = fileURLToPath(new URL("../fixtures/tiny.ts", import.meta.url))

/** Exit codes that a command may have for a run that is not as it was. */
const expectedCodes = new Set([0, 64, 65, 66, 73, 74, 75])

const commandsOn = (run: string, whole: string, image: string): ReadonlyArray<ReadonlyArray<string>> => [
  ["show", run],
  ["show", run, "--json"],
  ["show", run, "--html", join(run, "..", "page.html")],
  ["list", "--json", "--runs-dir", join(run, "..")],
  ["compare", run, whole],
  ["compare", run, whole, "--json"],
  ["predict", run, image],
  ["export", run, "--format", "onnx", "--out", join(run, "..", "export")],
  ["resume", run],
  ["rm", run],
  ["gc", "--keep", "0", "--runs-dir", join(run, "..")],
]

/** Every file of a run, by its path within. */
const filesOf = (folder: string, within = ""): ReadonlyArray<string> =>
  readdirSync(join(folder, within)).flatMap((name) => {
    const path = join(within, name)
    return statSync(join(folder, path)).isDirectory() ? filesOf(folder, path) : [path]
  })

/** Files of a finished run, one of them wrong: every command reads it, or refuses it in a line. */
const storedFiles = async (scratch: string): Promise<Target> => {
  const runs = join(scratch, "whole")
  const trained = await runCommand(
    "run",
    fixture,
    "--iterations=25",
    "--engine=onnx",
    `--runs-dir=${runs}`,
    `--data-dir=${join(scratch, "data")}`,
  )
  if (trained.code !== 0) throw new Error(trained.stderr)
  const [name] = readdirSync(runs).filter((entry) => !entry.startsWith("."))
  const whole = join(runs, name)
  const image = join(scratch, "digit.png")
  writeFileSync(
    image,
    await sharp(digitAt(0).pixels, { raw: { width: 28, height: 28, channels: 1 } })
      .png()
      .toBuffer(),
  )
  const files = filesOf(whole)
  return {
    name: "stored files",
    run: async (draw, folder) => {
      const run = join(folder, name)
      cpSync(whole, run, { recursive: true })
      const file = draw.pick(files)
      const bytes = readFileSync(join(run, file))
      const isJson = file.endsWith(".json")
      if (draw.integer(8) === 0) rmSync(join(run, file))
      else if (isJson && draw.integer(2) === 0) {
        writeFileSync(join(run, file), JSON.stringify(mutateValue(JSON.parse(bytes.toString()), draw)))
      } else writeFileSync(join(run, file), mutateBytes(bytes, draw))
      const words = draw.pick(commandsOn(run, whole, image))
      const { code, stderr } = await runCommand(...words)
      const detail = `${file}: ${words.slice(0, 1).join(" ")}: exit ${code}\n${stderr}`
      if (code === null || !expectedCodes.has(code) || /a bug in tidemark|^ +at /m.test(stderr)) {
        return crashed(detail)
      }
      return code === 0 ? accepted : refused(detail)
    },
  }
}

const idx: Target = {
  name: "IDX files",
  run: async (draw) => {
    const size = 1 + draw.integer(5)
    const header = Buffer.alloc(16)
    header.writeUInt32BE(0x803, 0)
    for (const [i, dim] of [size, 4, 4].entries()) header.writeUInt32BE(dim, 4 + 4 * i)
    const whole = Buffer.concat([header, Buffer.alloc(size * 16, 7)])
    return guarded(() => parseIdx(mutateBytes(whole, draw), "fuzzed.idx"))
  },
}

const gzip: Target = {
  name: "gzip files",
  run: async (draw) => {
    const whole = gzipSync(Buffer.alloc(2000, draw.integer(256)))
    const checking = verifyContent(mutateBytes(whole, draw), "fuzzed.gz", {
      digest: undefined,
      limitBytes: 4000,
    })
    return outcomeOf(await Effect.runPromiseExit(checking as Effect.Effect<unknown, unknown>))
  },
}

const safetensors = async (scratch: string): Promise<Target> => {
  const [run] = readdirSync(join(scratch, "whole")).filter((entry) => !entry.startsWith("."))
  const folder = join(scratch, "whole", run, "checkpoints")
  const bytes = readFileSync(join(folder, readdirSync(folder)[0]))
  return {
    name: "safetensors files",
    run: async (draw) => guarded(() => decodeSafetensors(mutateBytes(bytes, draw))),
  }
}

const events = async (scratch: string): Promise<Target> => {
  const [run] = readdirSync(join(scratch, "whole")).filter((entry) => !entry.startsWith("."))
  const folder = join(scratch, "whole", run)
  const bytes = readFileSync(
    join(folder, readdirSync(folder).find((name) => name.includes("tfevents")) ?? ""),
  )
  return {
    name: "event files",
    run: async (draw) =>
      guarded(() => readRecords(mutateBytes(bytes, draw)).map(({ message }) => decodeEvent(message))),
  }
}

const images = async (): Promise<Target> => {
  const source = sharp(digitAt(3).pixels, { raw: { width: 28, height: 28, channels: 1 } }).resize(64, 64)
  const whole = await Promise.all([
    source.clone().png().toBuffer(),
    source.clone().jpeg().toBuffer(),
    source.clone().webp().toBuffer(),
    source.clone().gif().toBuffer(),
    source.clone().tiff().toBuffer(),
  ])
  return {
    name: "images",
    run: async (draw) => {
      const bytes = mutateBytes(draw.pick(whole), draw)
      const decoding = decodeGray(bytes, "fuzzed.png") as Effect.Effect<unknown, unknown>
      return outcomeOf(await Effect.runPromiseExit(decoding))
    },
  }
}

const experiments: Target = {
  name: "experiments",
  run: async (draw) => {
    let value: unknown = draw.pick([tiny, best, residual])
    for (let rounds = 1 + draw.integer(3); rounds > 0; rounds--) value = mutateValue(value, draw)
    const decoding = decodeExperiment(value, "fuzzed.ts") as Effect.Effect<Experiment, unknown>
    const exit = await Effect.runPromiseExit(decoding)
    // What is decoded is what a run stores: it must read back.
    if (Exit.isSuccess(exit)) Schema.decodeUnknownSync(Experiment)(JSON.parse(JSON.stringify(exit.value)))
    return outcomeOf(exit)
  },
}

export const makeTargets = async (scratch: string): Promise<ReadonlyArray<Target>> => {
  mkdirSync(scratch, { recursive: true })
  return [
    await storedFiles(scratch),
    experiments,
    idx,
    gzip,
    await safetensors(scratch),
    await events(scratch),
    await images(),
  ]
}

export const services = NodeServices.layer
