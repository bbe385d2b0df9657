/** While own code runs, what its arguments do not determine is refused, with the function and the line. */
import { assert, describe, it } from "@effect/vitest"
import { callSchedule } from "../../stages/code/call.ts"
import { guardPurity, purely } from "../../stages/code/purity.ts"
import { loadOwn } from "./loadOwn.ts"

/** What an own schedule with this body gives: its `call` is on line 5. */
const rateOf = async (body: string) => {
  const { own } = await loadOwn(
    "schedule",
    `export const own = defineSchedule({
  call: () => { ${body} },
})`,
  )
  return callSchedule(own, 0, 1)
}

const messageOf = async (body: string): Promise<string> => {
  try {
    return `it gives ${await rateOf(body)}`
  } catch (error) {
    assert.instanceOf(error, Error)
    return error.message
  }
}

const impure: ReadonlyArray<readonly [called: string, body: string]> = [
  ["Math.random", "return Math.random()"],
  ["Math.random", "return [1, 2].map(Math.random)[0]"],
  ["crypto.randomUUID", "return crypto.randomUUID().length"],
  [
    "crypto.getRandomValues",
    "return Object.getPrototypeOf(crypto).getRandomValues.call(crypto, new Uint8Array(1))[0]",
  ],
  ["Date.now", "return Date.now()"],
  ["Date.now", "return globalThis.Date.now()"],
  ["Date.now", "const { now } = Date; return now()"],
  ["Date.now", "return new Date(0).constructor.now()"],
  ["new Date()", "return new Date().getTime()"],
  ["new Date()", "return new globalThis.Date().getTime()"],
  ["new Date()", "return Reflect.construct(Date, []).getTime()"],
  ["Date()", "return Date().length"],
  ["new Intl.DateTimeFormat", "return new Intl.DateTimeFormat().format().length"],
  ["performance.now", "return performance.now()"],
  ["performance.now", "return Object.getPrototypeOf(performance).now.call(performance)"],
  ["performance.timeOrigin", "return performance.timeOrigin"],
  ["performance.mark", `return performance.mark("a").startTime`],
  ["process.hrtime", "return process.hrtime()[0]"],
  ["process.hrtime.bigint", "return Number(process.hrtime.bigint())"],
  ["process.uptime", "return process.uptime()"],
  ["process.cpuUsage", "return process.cpuUsage().user"],
  ["process.getBuiltinModule", `return process.getBuiltinModule("os").uptime()`],
  ["process.hrtime", "return tf.util.now()"],
  ["setTimeout", "setTimeout(() => {}, 0); return 1"],
  ["setInterval", "setInterval(() => {}, 1); return 1"],
  ["setImmediate", "setImmediate(() => {}); return 1"],
  ["AbortSignal.timeout", "AbortSignal.timeout(1); return 1"],
  ["fetch", `void fetch("http://localhost"); return 1`],
  ["new WebSocket", `new WebSocket("ws://localhost"); return 1`],
]

describe("own code is refused", () => {
  for (const [called, body] of impure) {
    it(`${called}: ${body}`, async () => {
      assert.include(
        await messageOf(body),
        `own code own of own.ts failed: it calls ${called} in call (own.ts:5); `,
      )
    })
  }

  it("a clock in a class of its own", async () => {
    assert.match(
      await messageOf("return new (class extends Date {})().getTime()"),
      /it calls new Date\(\) in .*own\.ts:5/,
    )
  })

  it("Temporal.Now, where Node.js has it", async (test) => {
    if (!("Temporal" in globalThis)) return test.skip()
    assert.include(
      await messageOf("return Temporal.Now.instant().epochMilliseconds"),
      "it calls Temporal.Now.instant in call (own.ts:5)",
    )
  })
})

describe("purely", () => {
  it("allows dates of given parts", async () => {
    assert.strictEqual(await rateOf("return new Date(86_400_000).getUTCDate()"), 2)
    assert.strictEqual(await rateOf("return new Date(5) instanceof Date ? 1 : 0"), 1)
  })

  it("refuses own code only, and leaves everything as it was", () => {
    const { constructor } = Date.prototype
    const before = [
      Math.random,
      Date,
      Date.now,
      performance.now,
      process.hrtime,
      process.hrtime.bigint,
      setTimeout,
    ]
    purely(() => {
      assert.isAtLeast(Math.random(), 0)
      assert.isAbove(Date.now(), 0)
      assert.isAbove(performance.now(), 0)
    })
    assert.deepStrictEqual(
      [Math.random, Date, Date.now, performance.now, process.hrtime, process.hrtime.bigint, setTimeout],
      before,
    )
    assert.strictEqual(Date.prototype.constructor, constructor)
    assert.isFalse(Object.hasOwn(performance, "now"))
  })

  it("is entered once: inside it nothing is replaced again", () => {
    purely(() => {
      const { random } = Math
      purely(() => assert.strictEqual(Math.random, random))
      assert.strictEqual(Math.random, random)
      guardPurity()()
      assert.strictEqual(Math.random, random)
    })
  })
})
