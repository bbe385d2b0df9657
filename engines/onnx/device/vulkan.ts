/**
 * What Vulkan can use on this machine: (environment, root of the file system) -> its loader, drivers, and graphics cards.
 *
 * ONNX Runtime's WebGPU takes the best adapter that Vulkan offers, also one in software, and does not say which. So only the
 * drivers of hardware are offered to it. Files are read as the Vulkan loader finds them (LoaderDriverInterface.md of
 * Vulkan-Loader); nothing is loaded here.
 */
import { createHash } from "node:crypto"
import { readdirSync, readFileSync, realpathSync } from "node:fs"
import { dirname, join } from "node:path"
import { Option, Schema } from "effect"

/** Tests set it to 1: then drivers in software count. */
export const softwareVariable = "TIDEMARK_SOFTWARE_VULKAN"

export interface VulkanDriver {
  /** The path of its manifest. */
  readonly manifest: string
  /** The library as the manifest names it, such as libGLX_nvidia.so.0. */
  readonly library: string
  readonly isSoftware: boolean
  /** The manifest's name with what identifies the library: the last bits depend on it. */
  readonly version: string
}

export interface Vulkan {
  /** The path of libvulkan.so.1. */
  readonly loader: string | undefined
  readonly drivers: ReadonlyArray<VulkanDriver>
  /** Graphics cards that the kernel knows, such as "NVIDIA H100 PCIe". */
  readonly cards: ReadonlyArray<string>
}

type Environment = Readonly<Record<string, string | undefined>>

export const allowsSoftware = (env: Environment = process.env) => env[softwareVariable] === "1"

/** A place that does not exist has nothing. */
const orElse = <A>(otherwise: A, read: () => A): A => {
  try {
    return read()
  } catch {
    return otherwise
  }
}
const readText = (path: string) => orElse("", () => readFileSync(path, "utf8"))
const namesIn = (folder: string) => orElse<ReadonlyArray<string>>([], () => readdirSync(folder).sort())
const list = (value: string | undefined) => (value ?? "").split(":").filter((part) => part !== "")

/** Folders of shared libraries, in the loader's order. */
const libraryFolders = (env: Environment, root: string): ReadonlyArray<string> => {
  const configurations = [
    "ld.so.conf",
    ...namesIn(join(root, "etc/ld.so.conf.d")).map((name) => `ld.so.conf.d/${name}`),
  ]
  const configured = configurations.flatMap((name) =>
    readText(join(root, "etc", name))
      .split("\n")
      .filter((line) => line.startsWith("/")),
  )
  const usual = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"]
  return [
    ...list(env.LD_LIBRARY_PATH),
    ...[...configured, ...usual].map((folder) => join(root, folder.trim())),
  ]
}

const findLibrary = (name: string, folders: ReadonlyArray<string>): string | undefined =>
  (name.startsWith("/") ? [name] : folders.map((folder) => join(folder, name))).flatMap((path) =>
    orElse<ReadonlyArray<string>>([], () => [realpathSync(path)]),
  )[0]

const Manifest = Schema.fromJsonString(
  Schema.Struct({
    ICD: Schema.Struct({ library_path: Schema.String, api_version: Schema.optionalKey(Schema.String) }),
  }),
)

/** Mesa's lavapipe, and SwiftShader. */
const isSoftware = (library: string) => /lvp|lavapipe|swrast|swiftshader/i.test(library)

const digestOf = (path: string) =>
  orElse("", () => createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 12))

const driverOf = (manifest: string, folders: ReadonlyArray<string>): ReadonlyArray<VulkanDriver> => {
  const decoded = Schema.decodeUnknownOption(Manifest)(readText(manifest))
  if (Option.isNone(decoded)) return []
  const { api_version: api = "", library_path: library } = decoded.value.ICD
  const path = findLibrary(library.includes("/") ? join(dirname(manifest), library) : library, folders)
  const version = [library, api, path === undefined ? "" : digestOf(path)].filter((part) => part !== "")
  return [{ manifest, library, isSoftware: isSoftware(library), version: version.join(" ") }]
}

const manifestsOf = (env: Environment, root: string): ReadonlyArray<string> => {
  const isManifest = (name: string) => name.endsWith(".json")
  const inside = (folder: string) =>
    namesIn(folder)
      .filter(isManifest)
      .map((name) => join(folder, name))
  const forced = env.VK_DRIVER_FILES ?? env.VK_ICD_FILENAMES
  if (forced !== undefined) return list(forced).flatMap((path) => (isManifest(path) ? [path] : inside(path)))
  const home = env.HOME ?? "/"
  const folders = [
    env.XDG_CONFIG_HOME ?? join(home, ".config"),
    join(root, "etc/xdg"),
    join(root, "etc"),
    env.XDG_DATA_HOME ?? join(home, ".local/share"),
    ...(env.XDG_DATA_DIRS === undefined
      ? [join(root, "usr/local/share"), join(root, "usr/share")]
      : list(env.XDG_DATA_DIRS)),
  ]
  return folders.flatMap((folder) => inside(join(folder, "vulkan/icd.d")))
}

const vendors: Readonly<Record<string, string>> = { "0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel" }

/** NVIDIA's driver names its cards. Of others the kernel knows vendor and device by number. */
const cardsOf = (root: string): ReadonlyArray<string> => {
  const nvidia = join(root, "proc/driver/nvidia/gpus")
  const named = namesIn(nvidia).map(
    (name) => /^Model:\s*(.+)$/m.exec(readText(join(nvidia, name, "information")))?.[1] ?? "NVIDIA",
  )
  const drm = join(root, "sys/class/drm")
  const numbered = namesIn(drm)
    .filter((name) => /^card\d+$/.test(name))
    .flatMap((name) => {
      const vendor = vendors[readText(join(drm, name, "device/vendor")).trim()]
      const isNamed = vendor === "NVIDIA" && named.length > 0
      return vendor === undefined || isNamed
        ? []
        : [`${vendor} ${readText(join(drm, name, "device/device")).trim()}`]
    })
  return [...named, ...numbered]
}

/**
 * Why `--device auto` need not look further, from two folders: undefined if there may be a card. Mesa's drivers are installed on
 * machines without one.
 */
export const whyNoCard = (env: Environment = process.env, root = "/"): string | undefined =>
  allowsSoftware(env) || cardsOf(root).length > 0 ? undefined : "there is no graphics card"

export const findVulkan = (env: Environment = process.env, root = "/"): Vulkan => {
  const folders = libraryFolders(env, root)
  return {
    loader: findLibrary("libvulkan.so.1", folders),
    drivers: manifestsOf(env, root).flatMap((manifest) => driverOf(manifest, folders)),
    cards: cardsOf(root),
  }
}

/** The drivers that training may use. */
export const usableDrivers = (
  { drivers }: Vulkan,
  env: Environment = process.env,
): ReadonlyArray<VulkanDriver> => drivers.filter((driver) => !driver.isSoftware || allowsSoftware(env))

/** What is missing for a GPU, one line each; undefined if nothing that these files show. */
export const problemOf = (
  vulkan: Vulkan,
  platform = `${process.platform} ${process.arch}`,
  env: Environment = process.env,
): { readonly found: string; readonly remedy: string } | undefined => {
  // For others, ONNX Runtime's package has no WebGPU, or one that was never tried.
  if (platform !== "linux x64") {
    return { found: `${platform}, expected linux x64`, remedy: "use --device cpu" }
  }
  if (vulkan.loader === undefined) {
    return {
      found: "the Vulkan loader (libvulkan.so.1) is missing",
      remedy: "install it (Debian and Ubuntu: libvulkan1; Fedora: vulkan-loader) or use --device cpu",
    }
  }
  if (usableDrivers(vulkan, env).length > 0) return undefined
  const remedy =
    "install the driver of the graphics card with its Vulkan support (NVIDIA: the driver; AMD and Intel: mesa-vulkan-drivers) or use --device cpu"
  return vulkan.drivers.length > 0
    ? { found: "Vulkan has a driver in software only", remedy }
    : { found: "Vulkan has no driver", remedy }
}

/** The environment in which Vulkan has these drivers only. Older loaders know the second name only. */
export const environmentFor = (drivers: ReadonlyArray<VulkanDriver>): Readonly<Record<string, string>> => {
  const files = drivers.map(({ manifest }) => manifest).join(":")
  return { VK_DRIVER_FILES: files, VK_ICD_FILENAMES: files }
}
