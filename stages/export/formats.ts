/** The formats of exports. They have a file of their own, so that the command line need not load the exporters. */
export const exportFormats = ["tfjs", "tfjs-graph-model", "onnx", "safetensors"] as const
export type ExportFormat = (typeof exportFormats)[number]
