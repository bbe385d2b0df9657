/** The models for a device: what is packed, what a probe accepts, and what is found of Vulkan. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Engine, type State } from "../../engines/Engine.ts"
import { differenceOfMoves } from "../../engines/onnx/device/differenceOfMoves.ts"
import { deviceModels } from "../../engines/onnx/device/deviceModels.ts"
import { missingChannels } from "../../engines/onnx/device/DeviceGraph.ts"
import * as Device from "../../engines/onnx/device/Device.ts"
import { groupsOf } from "../../engines/onnx/device/filterGradient.ts"
import { mistakeIn } from "../../engines/onnx/device/probe.ts"
import {
  environmentFor,
  findVulkan,
  problemOf,
  usableDrivers,
  whyNoCard,
} from "../../engines/onnx/device/vulkan.ts"
import * as Onnx from "../../engines/onnx/Onnx.ts"
import { layers } from "../../schemas/experiment/Model.ts"
import { optimizers } from "../../schemas/experiment/Optimizer.ts"
import type { Window } from "../../engines/trace/graph.ts"
import { type Case, feedsOf, images, programOf, relativeError } from "./training.ts"

const convolutional: Case["model"] = [
  layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", activation: "relu" }),
  layers.maxPooling2d(),
  layers.batchNormalization(),
  layers.flatten(),
  layers.dropout({ rate: 0.5 }),
  layers.dense({ units: 3 }),
]

/** Without convolutions, whose filter's gradient is summed in another order on a device. */
const dense: Case["model"] = [
  layers.flatten(),
  layers.dense({ units: 4, activation: "relu" }),
  layers.batchNormalization(),
  layers.dropout({ rate: 0.5 }),
  layers.dense({ units: 3 }),
]

const cases: Readonly<Record<string, Case>> = {
  "Adam, and averages of the weights": {
    model: dense,
    optimizer: optimizers.adam({ learningRate: 1, clip: { value: 0.01 } }),
    averaging: { decay: 0.9 },
  },
  "AdamW, whose kernels alone decay": {
    model: dense,
    optimizer: optimizers.adamw({ learningRate: 1, weightDecay: 0.1 }),
  },
  "gradients that are clipped one by one": {
    model: dense,
    optimizer: optimizers.momentum({ learningRate: 1, momentum: 0.9, clip: { norm: 0.1 } }),
  },
  "RMSProp without a declared formula": {
    model: dense,
    optimizer: optimizers.rmsprop({ learningRate: 1 }),
  },
}

const run = Effect.fnUntraced(function* (definition: Case) {
  const program = yield* programOf(definition)
  const trainer = yield* (yield* Engine).compile(program)
  const { errorRates, losses } = yield* trainer.train(3, feedsOf(program, 3))
  return {
    losses,
    errorRates,
    state: yield* trainer.state,
    predictions: yield* trainer.predict(images(3 * 64)),
  }
}, Effect.scoped)

describe("the models for a device", () => {
  for (const [name, definition] of Object.entries(cases)) {
    it.effect(`give the bits of the portable path on the processor: ${name}`, () =>
      Effect.gen(function* () {
        const portable = yield* run(definition).pipe(
          Effect.provide(Onnx.layer({ path: "portable", threads: 1 })),
        )
        const device = yield* run(definition).pipe(Effect.provide(Device.layerOnProcessor({ threads: 1 })))
        assert.deepStrictEqual(device, portable)
      }),
    )
  }

  const membersOf = (definition: Case) =>
    programOf(definition).pipe(
      Effect.flatMap(deviceModels),
      // Vectors are in no order that matters.
      Effect.map(({ state }) => state.map(({ members }) => members.length).sort((a, b) => b - a)),
      Effect.scoped,
    )

  it.effect("hold weights, slots, averages and moving statistics as one vector each", () =>
    Effect.gen(function* () {
      // Six weights with m, v and average; the moving statistics of batch normalization, and their averages; then both powers of
      // beta, and the power of the decay.
      const sizes = yield* membersOf(cases["Adam, and averages of the weights"])
      assert.deepStrictEqual(sizes, [6, 6, 6, 6, 2, 2, 1, 1, 1])
    }),
  )

  it.effect("separate the weights that decay from the others", () =>
    Effect.gen(function* () {
      // Four weights that do not decay and two that do, each with m and v; the moving statistics; both powers of beta.
      const sizes = yield* membersOf(cases["AdamW, whose kernels alone decay"])
      assert.deepStrictEqual(sizes, [4, 4, 4, 2, 2, 2, 2, 1, 1])
    }),
  )
})

describe("the filter's gradient on a device", () => {
  /** A 5×5 filter on an image of the same size. */
  const window = (batch: number, inChannels: number, outChannels: number, size: number): Window => ({
    batch,
    height: 5,
    width: 5,
    inChannels,
    outChannels,
    inHeight: size,
    inWidth: size,
    outHeight: size,
    outWidth: size,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    top: 2,
    bottom: 2,
    left: 2,
    right: 2,
  })

  it("is a product for each group of images, as large as leaves enough products for a whole GPU", () => {
    // 800 rows and 64 columns are 50 tiles: 25 groups of 4 have 1,250.
    assert.deepStrictEqual(groupsOf(window(100, 32, 64, 14)), { parts: 1, groups: 25, images: 4 })
    // 25 rows and 32 columns are one tile: even single images are fewer tiles than wanted.
    assert.deepStrictEqual(groupsOf(window(100, 1, 32, 28)), { parts: 1, groups: 100, images: 1 })
    assert.deepStrictEqual(groupsOf(window(2048, 1, 32, 28)), { parts: 2, groups: 512, images: 2 })
  })

  it("takes the batch in parts whose columns fit in a buffer of 128 MiB, whatever divides the batch", () => {
    // An image has 32 · 25 · 14 · 14 columns of 4 bytes: 213 images fit.
    assert.deepStrictEqual(groupsOf(window(1000, 32, 64, 14)), { parts: 5, groups: 5, images: 40 })
    // A prime: 11 images of zeros are added.
    assert.deepStrictEqual(groupsOf(window(1009, 32, 64, 14)), { parts: 5, groups: 6, images: 34 })
    // One image has 210 MB.
    assert.isUndefined(groupsOf(window(6, 32, 64, 256)))
  })

  /** What one step moves in the filters of a network's first layer. */
  const moves = Effect.fnUntraced(function* (definition: Case) {
    const kernelOf = (state: State) =>
      state.find(({ name }) => name === "conv2d_1/kernel")?.data ?? new Float32Array()
    const program = yield* programOf(definition)
    const trainer = yield* (yield* Engine).compile(program)
    const before = kernelOf(yield* trainer.state)
    yield* trainer.train(1, feedsOf(program, 1, 100))
    return kernelOf(yield* trainer.state).map((weight, i) => weight - before[i])
  }, Effect.scoped)

  it.effect.each([
    // The last image is one of zeros.
    { of: "two parts", batch: 11, channels: [32, 8], size: 64, groups: { parts: 2, groups: 6, images: 1 } },
    {
      of: "groups of several images",
      batch: 23,
      channels: [64, 64],
      size: 6,
      groups: { parts: 1, groups: 12, images: 2 },
    },
    { of: "images too large for a buffer", batch: 2, channels: [32, 1], size: 256, groups: undefined },
  ] as const)(
    "is that of the portable path up to rounding ($of)",
    ({ batch, channels: [inChannels, filters], groups, size }) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(groupsOf(window(batch, inChannels, filters, size)), groups)
        const definition: Case = {
          model: [
            layers.conv2d({ filters, kernelSize: 5, padding: "same" }),
            layers.globalAveragePooling2d(),
            layers.dense({ units: 3 }),
          ],
          inputShape: [size, size, inChannels],
          batchSize: batch,
        }
        const portable = yield* moves(definition).pipe(
          Effect.provide(Onnx.layer({ path: "portable", threads: 2 })),
        )
        const device = yield* moves(definition).pipe(Effect.provide(Device.layerOnProcessor({ threads: 2 })))
        assert.strictEqual(portable.length, 25 * inChannels * filters)
        assert.isBelow(relativeError(device, portable), 1e-5)
      }),
  )
})

describe("examples that are held", () => {
  const ownChannels: Case = { model: convolutional, inputShape: [8, 8, 3] }
  const tables = {
    "one table for all channels": Float32Array.from({ length: 256 }, (_, i) => i / 255),
    "a table for each channel": Float32Array.from(
      { length: 768 },
      (_, i) => ((i % 256) - 10 * (i >> 8)) / 77,
    ),
  }
  for (const [name, table] of Object.entries(tables)) {
    it.effect(`give the bits of the same examples when they are fed: ${name}`, () =>
      Effect.gen(function* () {
        const program = yield* programOf(ownChannels)
        const iterations = 3
        const [count, size] = [40, 8 * 8 * 3]
        const examples = {
          count,
          pixels: Uint8Array.from({ length: count * size }, (_, i) => (i * 7 + (i >> 8)) % 256),
          labels: Int32Array.from({ length: count }, (_, i) => i % 3),
          table,
        }
        const batch = program.batchSize
        const indices = Float32Array.from({ length: iterations * batch }, (_, i) => (i * 17 + 39) % count)
        const { images: _, labels, ...others } = feedsOf(program, iterations)
        labels.fill(0)
        const pixels = new Float32Array(iterations * batch * size)
        indices.forEach((index, row) => {
          labels[3 * row + examples.labels[index]] = 1
          const bytes = examples.pixels.subarray(index * size, (index + 1) * size)
          bytes.forEach((byte, i) => {
            pixels[row * size + i] = table[table.length === 256 ? byte : 256 * (i % 3) + byte]
          })
        })
        const engine = yield* Engine
        const fed = yield* engine.compile(program)
        const expected = yield* fed.train(iterations, { images: pixels, labels, ...others })
        const holding = yield* engine.compile(program)
        assert.isTrue(yield* holding.hold?.(examples) ?? Effect.succeed(false))
        const first = yield* holding.train(1, {
          indices: indices.subarray(0, batch),
          ...Object.fromEntries(
            Object.entries(others).map(([name, data]) => [name, data.subarray(0, data.length / iterations)]),
          ),
        })
        const later = yield* holding.train(2, {
          indices: indices.subarray(batch),
          ...Object.fromEntries(
            Object.entries(others).map(([name, data]) => [name, data.subarray(data.length / iterations)]),
          ),
        })
        assert.deepStrictEqual([...first.losses, ...later.losses], [...expected.losses])
        assert.deepStrictEqual(yield* holding.state, yield* fed.state)
      }).pipe(Effect.scoped, Effect.provide(Device.layerOnProcessor({ threads: 1 }))),
    )
  }

  it.effect(
    "are as large as every device can bind; more are not held, nor by an engine of the processor",
    () =>
      Effect.gen(function* () {
        const program = yield* programOf(cases["Adam, and averages of the weights"])
        const trainer = yield* (yield* Engine).compile(program)
        const count = 128 * 2 ** 14 + 1
        const labels = new Int32Array(count)
        const examples = { count, pixels: new Uint8Array(64 * count), labels, table: new Float32Array(256) }
        assert.isFalse(yield* trainer.hold?.(examples) ?? Effect.succeed(true))
        const portable = Onnx.layer({ path: "portable", threads: 1 })
        const onProcessor = yield* Effect.flatMap(Engine, (engine) => engine.compile(program)).pipe(
          Effect.provide(portable),
        )
        assert.isUndefined(onProcessor.hold)
      }).pipe(Effect.scoped, Effect.provide(Device.layerOnProcessor({ threads: 1 }))),
  )
})

describe("convolutions on a device", () => {
  it("get channels of zeros if their number is a multiple of 3 and not of 4, from 6 on", () => {
    const counts = [1, 3, 4, 5, 6, 9, 12, 15, 30, 32]
    assert.deepStrictEqual(counts.map(missingChannels), [0, 0, 0, 0, 2, 3, 0, 1, 2, 0])
  })
})

describe("the comparison of a GPU with the processor", () => {
  const good = {
    kind: "compared",
    isSame: true,
    losses: { expected: [2.3, 2.2], actual: [2.3, 2.20001] },
    moves: 0.001,
    predictions: 1e-6,
  } as const

  it("accepts what differs by rounding", () => {
    assert.isUndefined(mistakeIn(good))
  })

  it("refuses other bits on repetition, other losses, updates and predictions, and what is no number", () => {
    assert.include(mistakeIn({ ...good, isSame: false }), "different bits")
    assert.include(
      mistakeIn({ ...good, losses: { ...good.losses, actual: [2.301, 2.2] } }),
      "are 2.30100, 2.2",
    )
    assert.include(mistakeIn({ ...good, losses: { ...good.losses, actual: [2.3, 2.5] } }), "2.50000")
    assert.include(mistakeIn({ ...good, losses: { ...good.losses, actual: [2.3, null] } }), "NaN")
    assert.include(mistakeIn({ ...good, losses: { ...good.losses, actual: [2.3] } }), "its losses are 2.3")
    assert.include(mistakeIn({ ...good, moves: 0.2 }), "updates differ")
    assert.include(mistakeIn({ ...good, moves: null }), "updates differ")
    assert.include(mistakeIn({ ...good, predictions: 0.1 }), "predictions differ")
  })
})

describe("the difference of updates", () => {
  const shape = [4]
  const inputs = ["w", "w/m"].map((name) => ({ name, shape, members: [{ name, shape, offset: 0 }] }))
  const state = (w: ReadonlyArray<number>, m: ReadonlyArray<number>) => [
    { name: "w", shape, data: Float32Array.from(w) },
    { name: "w/m", shape, data: Float32Array.from(m) },
  ]
  const initial = state([1, 1, 1, 1], [0, 0, 0, 0])
  const slots = [1e-6, 200, 300, 400]
  const expected = state([1.5, 0.5, 1.5, 0.5], slots)
  const difference = (actual: State) =>
    differenceOfMoves(inputs, { initial, expected: [expected], actual: [actual] })

  it("is 0 for equal states, and for one that no step moves", () => {
    assert.strictEqual(difference(expected), 0)
    assert.strictEqual(differenceOfMoves(inputs, { initial, expected: [initial], actual: [initial] }), 0)
  })

  it("is that of the weights, however large the slots are that are right", () => {
    assert.strictEqual(difference(state([1, 1, 1, 1], slots)), 1)
    assert.strictEqual(difference(state([0.5, 1.5, 0.5, 1.5], slots)), 2)
    assert.closeTo(difference(state([1.5, 0.5, 1.5, 0.6], slots)), 0.1, 1e-6)
  })

  it("is that of the slots, also where the weights are right", () => {
    assert.closeTo(difference(state([1.5, 0.5, 1.5, 0.5], [1e-6, 200, 300, 450])), 0.0928, 1e-4)
  })

  it("leaves out weights whose gradient is rounding alone, unless they are no number", () => {
    const rounded = [-1e-6, 200, 300, 400]
    assert.isBelow(difference(state([0.5, 0.5, 1.5, 0.5], rounded)), 1e-6)
    assert.closeTo(difference(state([0.5, 1, 1, 1], rounded)), 1, 1e-6)
    assert.isNaN(difference(state([NaN, 0.5, 1.5, 0.5], rounded)))
    assert.isNaN(difference(state([1.5, 0.5, 1.5, 0.5], [NaN, 200, 300, 400])))
  })

  it("leaves out weights whose first gradient alone is rounding", () => {
    const first = (m: number) => state([1, 1, 1, 1], [m, 100, 100, 100])
    const actual = [first(-1e-9), state([0.5, 0.5, 1.5, 0.5], slots)]
    const steps = { initial, expected: [first(1e-9), expected], actual }
    assert.isBelow(differenceOfMoves(inputs, steps), 1e-6)
    assert.strictEqual(differenceOfMoves(inputs, { ...steps, actual: [first(1e-9), actual[1]] }), 1)
  })

  it("is infinite if a part moves that must not", () => {
    assert.strictEqual(
      differenceOfMoves(inputs, { initial, expected: [initial], actual: [expected] }),
      Infinity,
    )
  })

  it("is that of a small variable beside a large one, unless rounding alone moves it", () => {
    const one = (name: string, value: number) => ({ name, shape: [1], data: Float32Array.of(value) })
    const members = ["small", "large"].map((name, offset) => ({ name, shape: [1], offset }))
    const vector = [{ name: "packed/small", shape: [2], members }]
    const compare = (right: number, wrong: number) =>
      differenceOfMoves(vector, {
        initial: [one("small", 0), one("large", 0)],
        expected: [[one("small", right), one("large", 100)]],
        actual: [[one("small", wrong), one("large", 100)]],
      })
    assert.strictEqual(compare(8, 0), 1)
    assert.isBelow(compare(1e-6, -1e-6), 1e-6)
  })

  it("of an average depends on the slots of its weight", () => {
    const named = (values: State) => [...values, { ...values[0], name: "average/w" }]
    const parts = ["w", "w/m", "average/w"].map((name) => ({
      name,
      shape,
      members: [{ name, shape, offset: 0 }],
    }))
    const compare = (actual: State) =>
      differenceOfMoves(parts, {
        initial: named(initial),
        expected: [named(expected)],
        actual: [named(actual)],
      })
    assert.isBelow(compare(state([0.5, 0.5, 1.5, 0.5], [-1e-6, 200, 300, 400])), 1e-6)
    assert.strictEqual(compare(state([1, 1, 1, 1], slots)), 1)
  })
})

describe("what is found of Vulkan", () => {
  const root = mkdtempSync(join(tmpdir(), "tidemark-vulkan-"))
  afterAll(() => rmSync(root, { recursive: true }))
  const machine = (name: string, files: Readonly<Record<string, string>>) => {
    const folder = join(root, name)
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    return folder
  }
  const manifest = (library: string) =>
    JSON.stringify({ file_format_version: "1.0.0", ICD: { library_path: library, api_version: "1.3.0" } })
  const hidden = { HOME: "/nonexistent" }
  const loader = {
    "etc/ld.so.conf.d/x86_64.conf": "# multiarch\n/usr/lib/x86_64-linux-gnu\n",
    "usr/lib/x86_64-linux-gnu/libvulkan.so.1": "loader",
  }
  const nvidia = {
    "etc/vulkan/icd.d/nvidia_icd.json": manifest("libGLX_nvidia.so.0"),
    "usr/lib/x86_64-linux-gnu/libGLX_nvidia.so.0": "driver 1",
    "proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t NVIDIA H100 PCIe\nIRQ: 1\n",
    "sys/class/drm/card0/device/vendor": "0x10de\n",
    "sys/class/drm/card0/device/device": "0x2331\n",
  }
  const software = { "usr/share/vulkan/icd.d/lvp_icd.json": manifest("libvulkan_lvp.so") }

  it("names the card, and changes with the driver's library", () => {
    const folder = machine("nvidia", { ...loader, ...nvidia, ...software })
    const vulkan = findVulkan(hidden, folder)
    assert.deepStrictEqual(vulkan.cards, ["NVIDIA H100 PCIe"])
    assert.strictEqual(vulkan.loader, join(folder, "usr/lib/x86_64-linux-gnu/libvulkan.so.1"))
    const [driver, ...others] = usableDrivers(vulkan, {})
    assert.lengthOf(others, 0)
    assert.match(driver.version, /^libGLX_nvidia\.so\.0 1\.3\.0 [0-9a-f]{12}$/)
    assert.isUndefined(problemOf(vulkan, "linux x64", {}))
    machine("nvidia", { "usr/lib/x86_64-linux-gnu/libGLX_nvidia.so.0": "driver 2" })
    assert.notStrictEqual(usableDrivers(findVulkan(hidden, folder), {})[0].version, driver.version)
  })

  it("offers no driver in software, unless tests allow it", () => {
    const vulkan = findVulkan(hidden, machine("software", { ...loader, ...software }))
    assert.lengthOf(usableDrivers(vulkan, {}), 0)
    assert.strictEqual(problemOf(vulkan, "linux x64", {})?.found, "Vulkan has a driver in software only")
    assert.lengthOf(usableDrivers(vulkan, { TIDEMARK_SOFTWARE_VULKAN: "1" }), 1)
  })

  it("looks for a card before anything else: drivers alone are none", () => {
    assert.isUndefined(whyNoCard({}, machine("nvidia", { ...loader, ...nvidia, ...software })))
    const cardless = machine("cardless", { ...loader, ...software, "sys/class/drm/version": "drm 1.1.0" })
    assert.strictEqual(whyNoCard({}, cardless), "there is no graphics card")
    assert.isUndefined(whyNoCard({ TIDEMARK_SOFTWARE_VULKAN: "1" }, cardless))
  })

  it("says what is missing: the loader, a driver, or the system", () => {
    const bare = findVulkan(hidden, machine("bare", {}))
    assert.include(problemOf(bare, "linux x64", {})?.found, "libvulkan.so.1")
    const driverless = findVulkan(hidden, machine("driverless", loader))
    assert.strictEqual(problemOf(driverless, "linux x64", {})?.found, "Vulkan has no driver")
    for (const platform of ["darwin arm64", "linux arm64"]) {
      assert.include(problemOf(driverless, platform, {})?.found, platform)
    }
  })

  it("reads the drivers that the environment names, and ignores what is no manifest", () => {
    const folder = machine("named", {
      ...loader,
      "a/one.json": manifest("libvulkan_radeon.so"),
      "b/broken.json": "{",
    })
    const named = [join(folder, "a/one.json"), join(folder, "b"), "/nonexistent/two.json"].join(":")
    for (const variable of ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"]) {
      const { drivers } = findVulkan({ ...hidden, [variable]: named }, folder)
      assert.deepStrictEqual(
        drivers.map(({ library }) => library),
        ["libvulkan_radeon.so"],
      )
      assert.strictEqual(environmentFor(drivers).VK_DRIVER_FILES, join(folder, "a/one.json"))
    }
  })
})
