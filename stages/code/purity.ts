/**
 * Keeps own code pure: while it runs, the random generator of the process, its clocks, its timers and the network throw.
 *
 * Only a call that comes from own code is refused: the frames of the stack tell. What a function does must not depend on when or
 * how often it runs, otherwise a resumed run would differ.
 */
import { frameOf, scheme, showFrame, withDeepStacks } from "../../schemas/ownCode/frames.ts"

/** Own code calls something whose result is not determined by its arguments. */
export class Impure extends Error {}

const instead = {
  random: "draw from the generator that the function is given",
  time: "pass what it needs as an option",
  network: "pass what it needs as an option, or read it when the dataset is made",
  timers: "compute the result before the function returns",
}

/** Throws if the caller is own code. */
const refuse = (what: string, advice: string) => {
  const stack = withDeepStacks(() => new Error("where").stack)
  if (stack?.includes(scheme) !== true) return
  const frame = frameOf(stack)
  throw new Impure(`it calls ${what} in ${frame === undefined ? "own code" : showFrame(frame)}; ${advice}`)
}

type Function = (...parameters: ReadonlyArray<never>) => unknown

const refusing = <F extends Function>(original: F, what: string, advice: string): F =>
  new Proxy(original, {
    apply: (target, self, parameters) => {
      refuse(what, advice)
      return Reflect.apply(target, self, parameters) as unknown
    },
  })

const refusingDate = () =>
  new Proxy(Date, {
    construct: (target, parameters, newTarget) => {
      if (parameters.length === 0) refuse("new Date()", instead.time)
      return Reflect.construct(target, parameters, newTarget) as object
    },
    apply: (target, self, parameters) => {
      refuse("Date()", instead.time)
      return Reflect.apply(target, self, parameters) as string
    },
    get: (target, key, receiver) =>
      key === "now"
        ? refusing(target.now.bind(target), "Date.now", instead.time)
        : (Reflect.get(target, key, receiver) as unknown),
  })

type Replacement = readonly [owner: object, key: string, advice: string, name: string]

const functions: ReadonlyArray<Replacement> = [
  [Math, "random", instead.random, "Math.random"],
  [performance, "now", instead.time, "performance.now"],
  [process, "hrtime", instead.time, "process.hrtime"],
  [crypto, "getRandomValues", instead.random, "crypto.getRandomValues"],
  [crypto, "randomUUID", instead.random, "crypto.randomUUID"],
  [globalThis, "fetch", instead.network, "fetch"],
  [globalThis, "setTimeout", instead.timers, "setTimeout"],
  [globalThis, "setInterval", instead.timers, "setInterval"],
  [globalThis, "setImmediate", instead.timers, "setImmediate"],
]

/** Replaces a property; returns a function that restores it. */
const replace = (owner: object, key: string, value: unknown) => {
  const before = Object.getOwnPropertyDescriptor(owner, key)
  Object.defineProperty(owner, key, { value, configurable: true, writable: true, enumerable: true })
  return () => {
    if (before === undefined) Reflect.deleteProperty(owner, key)
    else Object.defineProperty(owner, key, before)
  }
}

/** From now on, own code is refused all of these. Returns a function that ends it. */
export const guardPurity = (): (() => void) => {
  const restores = functions.map(([owner, key, advice, name]) => {
    const original = Reflect.get(owner, key) as Function
    return replace(owner, key, refusing(original, name, advice))
  })
  restores.push(replace(globalThis, "Date", refusingDate()))
  return () => restores.forEach((restore) => restore())
}

/** Runs `f`, which calls own code. */
export const purely = <T>(f: () => T): T => {
  const end = guardPurity()
  try {
    return f()
  } finally {
    end()
  }
}
