export * from "onnxruntime-common"
