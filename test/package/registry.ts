/**
 * A registry of npm on this machine with a few packages: (packages) -> its address. Nothing else can be installed from it, so a
 * test that installs from it needs no network.
 */
import { createHash } from "node:crypto"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

export interface PublishedPackage {
  readonly manifest: {
    readonly name: string
    readonly version: string
    readonly [field: string]: unknown
  }
  /** Without it, the package is known but cannot be downloaded: one of another platform. */
  readonly tarball: Uint8Array | undefined
}

export interface Registry {
  readonly url: string
  /** The paths of the tarballs that were downloaded. */
  readonly downloads: ReadonlyArray<string>
  readonly close: () => Promise<void>
}

const integrityOf = (bytes: Uint8Array) => `sha512-${createHash("sha512").update(bytes).digest("base64")}`

const fileOf = (name: string) => `/-/${name.replace("/", "-")}.tgz`

const documentOf = ({ manifest, tarball }: PublishedPackage, url: string) => ({
  name: manifest.name,
  "dist-tags": { latest: manifest.version },
  versions: {
    [manifest.version]: {
      ...manifest,
      dist: {
        tarball: `${url}${fileOf(manifest.name)}`,
        integrity: integrityOf(tarball ?? new Uint8Array()),
      },
    },
  },
})

export const startRegistry = async (packages: ReadonlyArray<PublishedPackage>): Promise<Registry> => {
  const downloads: Array<string> = []
  let url = ""
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "/")
    const document = packages.find(({ manifest }) => path === `/${manifest.name}`)
    if (document !== undefined) return response.end(JSON.stringify(documentOf(document, url)))
    const file = packages.find(({ manifest }) => path === fileOf(manifest.name))
    if (file?.tarball !== undefined) {
      downloads.push(file.manifest.name)
      return response.end(file.tarball)
    }
    return response.writeHead(404).end("{}")
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    downloads,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
