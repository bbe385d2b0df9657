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
  modules: "import what it needs at the top of the file",
}

/** Throws if the caller is own code. */
const refuse = (what: string, advice: string) => {
  const stack = withDeepStacks(() => new Error("where").stack)
  if (stack?.includes(scheme) !== true) return
  const frame = frameOf(stack)
  throw new Impure(`it calls ${what} in ${frame === undefined ? "own code" : showFrame(frame)}; ${advice}`)
}

type Function = (...parameters: ReadonlyArray<never>) => unknown

/** The same function or class; own code is refused to call it. */
const refusing = <F extends Function>(original: F, what: string, advice: string): F =>
  new Proxy(original, {
    apply: (target, self, parameters) => {
      refuse(what, advice)
      return Reflect.apply(target, self, parameters) as unknown
    },
    construct: (target, parameters, newTarget) => {
      refuse(`new ${what}`, advice)
      return Reflect.construct(target, parameters, newTarget) as object
    },
  })

/** A date of given parts is a value as any other. */
const refusingDate = (original: DateConstructor) =>
  new Proxy(original, {
    construct: (target, parameters, newTarget) => {
      if (parameters.length === 0) refuse("new Date()", instead.time)
      return Reflect.construct(target, parameters, newTarget) as object
    },
    apply: (target, self, parameters) => {
      refuse("Date()", instead.time)
      return Reflect.apply(target, self, parameters) as string
    },
  })

interface Refused {
  readonly owner: object
  readonly key: string
  /** How own code writes it. */
  readonly name: string
  readonly advice: string
}

const refused = (
  owner: object | undefined,
  name: string,
  advice: string,
  keys: ReadonlyArray<string>,
): ReadonlyArray<Refused> =>
  owner === undefined
    ? []
    : keys.filter((key) => key in owner).map((key) => ({ owner, key, name: `${name}${key}`, advice }))

/** Where the methods of an object are that has none of its own. */
const prototypeOf = (object: object) => Object.getPrototypeOf(object) as object

/** A new language feature: undefined in a Node.js without it. */
const temporal = (Reflect.get(globalThis, "Temporal") ?? {}) as { readonly Now?: object }

const timesOfPerformance = ["now", "mark", "measure", "timeOrigin", "toJSON", "eventLoopUtilization"]

const functions: ReadonlyArray<Refused> = [
  ...refused(Math, "Math.", instead.random, ["random"]),
  ...refused(prototypeOf(crypto), "crypto.", instead.random, ["getRandomValues", "randomUUID"]),
  ...refused(Date, "Date.", instead.time, ["now"]),
  ...refused(Intl, "Intl.", instead.time, ["DateTimeFormat"]),
  ...refused(temporal.Now, "Temporal.Now.", instead.time, Object.getOwnPropertyNames(temporal.Now ?? {})),
  ...refused(prototypeOf(performance), "performance.", instead.time, timesOfPerformance),
  ...refused(process.hrtime, "process.hrtime.", instead.time, ["bigint"]),
  ...refused(process, "process.", instead.time, ["hrtime", "uptime", "cpuUsage", "resourceUsage"]),
  ...refused(process, "process.", instead.modules, ["getBuiltinModule"]),
  ...refused(globalThis, "", instead.network, ["fetch", "WebSocket", "EventSource"]),
  ...refused(globalThis, "", instead.timers, ["setTimeout", "setInterval", "setImmediate"]),
  ...refused(AbortSignal, "AbortSignal.", instead.timers, ["timeout"]),
]

/** Replaces a property; returns a function that restores it. */
const replace = (owner: object, key: string, replaced: PropertyDescriptor) => {
  const before = Object.getOwnPropertyDescriptor(owner, key)
  Object.defineProperty(owner, key, { ...replaced, configurable: true })
  return () => {
    if (before === undefined) Reflect.deleteProperty(owner, key)
    else Object.defineProperty(owner, key, before)
  }
}

const replaceRefused = ({ advice, key, name, owner }: Refused) => {
  const { get, ...property } = Object.getOwnPropertyDescriptor(owner, key) ?? {}
  if (get !== undefined) return replace(owner, key, { get: refusing(get, name, advice) })
  return replace(owner, key, { ...property, value: refusing(property.value as Function, name, advice) })
}

/** Every date leads to its class, which is replaced there too. */
const replaceDate = () => {
  const value = refusingDate(Date)
  const { prototype } = Date
  return [
    replace(globalThis, "Date", { value, writable: true }),
    replace(prototype, "constructor", { value }),
  ]
}

let isGuarded = false

/** From now on, own code is refused all of these. Returns a function that ends it. */
export const guardPurity = (): (() => void) => {
  if (isGuarded) return () => {}
  isGuarded = true
  const restores = [...functions.map(replaceRefused), ...replaceDate()]
  return () => {
    for (const restore of restores) restore()
    isGuarded = false
  }
}

/** Runs `f`, which calls own code. Inside another `purely` it costs nothing. */
export const purely = <T>(f: () => T): T => {
  const end = guardPurity()
  try {
    return f()
  } finally {
    end()
  }
}
