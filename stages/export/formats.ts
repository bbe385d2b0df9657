/** The formats a trained model is exported in: apart from what writes them, for whoever only asks which there are. */
export const exportFormats = ["tfjs", "onnx", "safetensors"] as const
export type ExportFormat = (typeof exportFormats)[number]
