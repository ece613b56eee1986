// The WebGPU C interface, as far as Flux, its command and its tests call it: enough to build without an SDK.
//
// Written from the C ABI (github.com/webgpu-native/webgpu-headers) and, where a comment says so, what Dawn adds to it
// or numbers in its own way. tests/webgpu holds layouts and values against the implementation that it runs on. Names
// are those of the standard header, so that one can take this one's place: -DFLUX_WEBGPU_INCLUDE_DIR=FOLDER. Members
// that only ever stay 0 here are of plain integer or pointer types.
#ifndef WEBGPU_H_
#define WEBGPU_H_

#include <cstddef>
#include <cstdint>

// ---- Basics

#define WGPU_STRLEN SIZE_MAX        // As a length: up to the terminating 0.
#define WGPU_WHOLE_SIZE UINT64_MAX  // As a size: all that follows.

using WGPUBool = std::uint32_t;
using WGPUFlags = std::uint64_t;
using WGPUProc = void (*)();

struct WGPUStringView {
  const char* data;
  std::size_t length;
};

enum WGPUSType : std::uint32_t {
  WGPUSType_ShaderSourceWGSL = 2,
  WGPUSType_AdapterPropertiesMemoryHeaps = 0x50013,  // Dawn
};
struct WGPUChainedStruct {
  WGPUChainedStruct* next;
  WGPUSType sType;
};

enum WGPUStatus : std::uint32_t { WGPUStatus_Success = 1, WGPUStatus_Error = 2 };

// Objects are pointers to what nobody sees; each has one reference when it is made.
using WGPUAdapter = struct WGPUAdapterImpl*;
using WGPUBindGroup = struct WGPUBindGroupImpl*;
using WGPUBindGroupLayout = struct WGPUBindGroupLayoutImpl*;
using WGPUBuffer = struct WGPUBufferImpl*;
using WGPUCommandBuffer = struct WGPUCommandBufferImpl*;
using WGPUCommandEncoder = struct WGPUCommandEncoderImpl*;
using WGPUComputePassEncoder = struct WGPUComputePassEncoderImpl*;
using WGPUComputePipeline = struct WGPUComputePipelineImpl*;
using WGPUDevice = struct WGPUDeviceImpl*;
using WGPUInstance = struct WGPUInstanceImpl*;
using WGPUPipelineLayout = struct WGPUPipelineLayoutImpl*;
using WGPUQueue = struct WGPUQueueImpl*;
using WGPURenderPassEncoder = struct WGPURenderPassEncoderImpl*;
using WGPURenderPipeline = struct WGPURenderPipelineImpl*;
using WGPUShaderModule = struct WGPUShaderModuleImpl*;
using WGPUTexture = struct WGPUTextureImpl*;
using WGPUTextureView = struct WGPUTextureViewImpl*;

using WGPUProcAdapterRelease = void (*)(WGPUAdapter);
using WGPUProcBindGroupLayoutRelease = void (*)(WGPUBindGroupLayout);
using WGPUProcBindGroupRelease = void (*)(WGPUBindGroup);
using WGPUProcBufferRelease = void (*)(WGPUBuffer);
using WGPUProcCommandBufferRelease = void (*)(WGPUCommandBuffer);
using WGPUProcCommandEncoderRelease = void (*)(WGPUCommandEncoder);
using WGPUProcComputePassEncoderRelease = void (*)(WGPUComputePassEncoder);
using WGPUProcComputePipelineRelease = void (*)(WGPUComputePipeline);
using WGPUProcDeviceRelease = void (*)(WGPUDevice);
using WGPUProcInstanceRelease = void (*)(WGPUInstance);
using WGPUProcPipelineLayoutRelease = void (*)(WGPUPipelineLayout);
using WGPUProcQueueRelease = void (*)(WGPUQueue);
using WGPUProcRenderPassEncoderRelease = void (*)(WGPURenderPassEncoder);
using WGPUProcRenderPipelineRelease = void (*)(WGPURenderPipeline);
using WGPUProcShaderModuleRelease = void (*)(WGPUShaderModule);
using WGPUProcTextureRelease = void (*)(WGPUTexture);
using WGPUProcTextureViewRelease = void (*)(WGPUTextureView);

// ---- What happens later: a call gives a future, and its callback is run by whom the mode says

enum WGPUCallbackMode : std::uint32_t {
  WGPUCallbackMode_WaitAnyOnly = 1,
  WGPUCallbackMode_AllowProcessEvents = 2,
  WGPUCallbackMode_AllowSpontaneous = 3,
};
struct WGPUFuture {
  std::uint64_t id;
};
struct WGPUFutureWaitInfo {
  WGPUFuture future;
  WGPUBool completed;
};
enum WGPUWaitStatus : std::uint32_t {
  WGPUWaitStatus_Success = 1,
  WGPUWaitStatus_TimedOut = 2,
  WGPUWaitStatus_Error = 3
};

// What every call takes that ends with a callback.
template <class Callback>
struct WGPUCallbackInfoOf {
  WGPUChainedStruct* nextInChain;
  WGPUCallbackMode mode;
  Callback callback;
  void* userdata1;
  void* userdata2;
};

using WGPUProcInstanceProcessEvents = void (*)(WGPUInstance);
using WGPUProcInstanceWaitAny = WGPUWaitStatus (*)(WGPUInstance, std::size_t count, WGPUFutureWaitInfo*,
                                                   std::uint64_t timeoutNanoseconds);

// ---- Instance and adapter

// Descriptors that are never filled in: a null pointer stands for each.
struct WGPUCommandBufferDescriptor;
struct WGPUCommandEncoderDescriptor;
struct WGPUComputePassDescriptor;
struct WGPUInstanceDescriptor;
struct WGPUTextureViewDescriptor;

enum WGPUAdapterType : std::uint32_t { WGPUAdapterType_IntegratedGPU = 2, WGPUAdapterType_CPU = 3 };
enum WGPUBackendType : std::uint32_t { WGPUBackendType_Null = 1, WGPUBackendType_Vulkan = 6 };
enum WGPUFeatureLevel : std::uint32_t { WGPUFeatureLevel_Core = 2 };
enum WGPUPowerPreference : std::uint32_t { WGPUPowerPreference_HighPerformance = 2 };
enum WGPUFeatureName : std::uint32_t {
  WGPUFeatureName_ImplicitDeviceSynchronization = 0x50004,  // Dawn
  WGPUFeatureName_AdapterPropertiesMemoryHeaps = 0x50016,   // Dawn
};

struct WGPURequestAdapterOptions {
  WGPUChainedStruct* nextInChain;
  WGPUFeatureLevel featureLevel;
  WGPUPowerPreference powerPreference;
  WGPUBool forceFallbackAdapter;
  std::uint32_t backendType;
  void* compatibleSurface;
};
struct WGPUAdapterInfo {
  WGPUChainedStruct* nextInChain;
  WGPUStringView vendor, architecture, device, description;
  WGPUBackendType backendType;
  WGPUAdapterType adapterType;
  std::uint32_t vendorID, deviceID;
  std::uint32_t subgroupMinSize, subgroupMaxSize;
};
struct WGPULimits {
  WGPUChainedStruct* nextInChain;
  std::uint32_t maxTextureDimension1D, maxTextureDimension2D, maxTextureDimension3D, maxTextureArrayLayers;
  std::uint32_t maxBindGroups, maxBindGroupsPlusVertexBuffers, maxBindingsPerBindGroup;
  std::uint32_t maxDynamicUniformBuffersPerPipelineLayout, maxDynamicStorageBuffersPerPipelineLayout;
  std::uint32_t maxSampledTexturesPerShaderStage, maxSamplersPerShaderStage, maxStorageBuffersPerShaderStage,
      maxStorageTexturesPerShaderStage, maxUniformBuffersPerShaderStage;
  std::uint64_t maxUniformBufferBindingSize, maxStorageBufferBindingSize;
  std::uint32_t minUniformBufferOffsetAlignment, minStorageBufferOffsetAlignment;
  std::uint32_t maxVertexBuffers;
  std::uint64_t maxBufferSize;
  std::uint32_t maxVertexAttributes, maxVertexBufferArrayStride, maxInterStageShaderVariables;
  std::uint32_t maxColorAttachments, maxColorAttachmentBytesPerSample;
  std::uint32_t maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX,
      maxComputeWorkgroupSizeY, maxComputeWorkgroupSizeZ, maxComputeWorkgroupsPerDimension;
  std::uint32_t maxImmediateSize;
};

// Dawn: chained to the adapter's info, it is filled in too.
using WGPUHeapProperty = WGPUFlags;
constexpr WGPUHeapProperty WGPUHeapProperty_DeviceLocal = 1;
constexpr WGPUHeapProperty WGPUHeapProperty_HostVisible = 2;
struct WGPUMemoryHeapInfo {
  WGPUHeapProperty properties;
  std::uint64_t size;
};
struct WGPUAdapterPropertiesMemoryHeaps {
  WGPUChainedStruct chain;
  std::size_t heapCount;
  const WGPUMemoryHeapInfo* heapInfo;
};

enum WGPURequestAdapterStatus : std::uint32_t { WGPURequestAdapterStatus_Success = 1 };
using WGPURequestAdapterCallback = void (*)(WGPURequestAdapterStatus, WGPUAdapter, WGPUStringView message,
                                            void* userdata1, void* userdata2);
using WGPURequestAdapterCallbackInfo = WGPUCallbackInfoOf<WGPURequestAdapterCallback>;

using WGPUProcCreateInstance = WGPUInstance (*)(const WGPUInstanceDescriptor*);
using WGPUProcInstanceRequestAdapter = WGPUFuture (*)(WGPUInstance, const WGPURequestAdapterOptions*,
                                                      WGPURequestAdapterCallbackInfo);
using WGPUProcAdapterGetLimits = WGPUStatus (*)(WGPUAdapter, WGPULimits*);
using WGPUProcAdapterHasFeature = WGPUBool (*)(WGPUAdapter, WGPUFeatureName);
using WGPUProcAdapterInfoFreeMembers = void (*)(WGPUAdapterInfo);
using WGPUProcAdapterPropertiesMemoryHeapsFreeMembers = void (*)(WGPUAdapterPropertiesMemoryHeaps);

// ---- Device and its errors

enum WGPUDeviceLostReason : std::uint32_t { WGPUDeviceLostReason_Unknown = 1 };
enum WGPUErrorFilter : std::uint32_t {
  WGPUErrorFilter_Validation = 1,
  WGPUErrorFilter_OutOfMemory = 2,
  WGPUErrorFilter_Internal = 3,
};
enum WGPUErrorType : std::uint32_t {
  WGPUErrorType_NoError = 1,
  WGPUErrorType_Validation = 2,
  WGPUErrorType_OutOfMemory = 3,
  WGPUErrorType_Internal = 4,
};
enum WGPUPopErrorScopeStatus : std::uint32_t {
  WGPUPopErrorScopeStatus_Success = 1,
  WGPUPopErrorScopeStatus_Error = 3,
};
enum WGPURequestDeviceStatus : std::uint32_t { WGPURequestDeviceStatus_Success = 1 };

using WGPUDeviceLostCallback = void (*)(const WGPUDevice*, WGPUDeviceLostReason, WGPUStringView message,
                                        void* userdata1, void* userdata2);
using WGPUPopErrorScopeCallback = void (*)(WGPUPopErrorScopeStatus, WGPUErrorType, WGPUStringView message,
                                           void* userdata1, void* userdata2);
using WGPURequestDeviceCallback = void (*)(WGPURequestDeviceStatus, WGPUDevice, WGPUStringView message, void* userdata1,
                                           void* userdata2);
using WGPUUncapturedErrorCallback = void (*)(const WGPUDevice*, WGPUErrorType, WGPUStringView message, void* userdata1,
                                             void* userdata2);
using WGPUDeviceLostCallbackInfo = WGPUCallbackInfoOf<WGPUDeviceLostCallback>;
using WGPUPopErrorScopeCallbackInfo = WGPUCallbackInfoOf<WGPUPopErrorScopeCallback>;
using WGPURequestDeviceCallbackInfo = WGPUCallbackInfoOf<WGPURequestDeviceCallback>;
struct WGPUUncapturedErrorCallbackInfo {  // The one without a mode: it may come at any time.
  WGPUChainedStruct* nextInChain;
  WGPUUncapturedErrorCallback callback;
  void* userdata1;
  void* userdata2;
};

struct WGPUQueueDescriptor {
  WGPUChainedStruct* nextInChain;
  WGPUStringView label;
};
struct WGPUDeviceDescriptor {
  WGPUChainedStruct* nextInChain;
  WGPUStringView label;
  std::size_t requiredFeatureCount;
  const WGPUFeatureName* requiredFeatures;
  const WGPULimits* requiredLimits;
  WGPUQueueDescriptor defaultQueue;
  WGPUDeviceLostCallbackInfo deviceLostCallbackInfo;
  WGPUUncapturedErrorCallbackInfo uncapturedErrorCallbackInfo;
};

using WGPUProcAdapterRequestDevice = WGPUFuture (*)(WGPUAdapter, const WGPUDeviceDescriptor*,
                                                    WGPURequestDeviceCallbackInfo);
using WGPUProcDeviceDestroy = void (*)(WGPUDevice);
using WGPUProcDeviceGetAdapterInfo = WGPUStatus (*)(WGPUDevice, WGPUAdapterInfo*);
using WGPUProcDeviceGetLimits = WGPUStatus (*)(WGPUDevice, WGPULimits*);
using WGPUProcDeviceGetLostFuture = WGPUFuture (*)(WGPUDevice);
using WGPUProcDeviceGetQueue = WGPUQueue (*)(WGPUDevice);
using WGPUProcDeviceHasFeature = WGPUBool (*)(WGPUDevice, WGPUFeatureName);
using WGPUProcDeviceInjectError = void (*)(WGPUDevice, WGPUErrorType, WGPUStringView message);  // Dawn
using WGPUProcDevicePopErrorScope = WGPUFuture (*)(WGPUDevice, WGPUPopErrorScopeCallbackInfo);
using WGPUProcDevicePushErrorScope = void (*)(WGPUDevice, WGPUErrorFilter);

// ---- Buffers, copies, the queue

using WGPUBufferUsage = WGPUFlags;
constexpr WGPUBufferUsage WGPUBufferUsage_MapRead = 0x001;
constexpr WGPUBufferUsage WGPUBufferUsage_CopySrc = 0x004;
constexpr WGPUBufferUsage WGPUBufferUsage_CopyDst = 0x008;
constexpr WGPUBufferUsage WGPUBufferUsage_Index = 0x010;
constexpr WGPUBufferUsage WGPUBufferUsage_Vertex = 0x020;
constexpr WGPUBufferUsage WGPUBufferUsage_Uniform = 0x040;
constexpr WGPUBufferUsage WGPUBufferUsage_Storage = 0x080;
constexpr WGPUBufferUsage WGPUBufferUsage_Indirect = 0x100;
struct WGPUBufferDescriptor {
  WGPUChainedStruct* nextInChain;
  WGPUStringView label;
  WGPUBufferUsage usage;
  std::uint64_t size;
  WGPUBool mappedAtCreation;
};

using WGPUMapMode = WGPUFlags;
constexpr WGPUMapMode WGPUMapMode_Read = 1;
enum WGPUMapAsyncStatus : std::uint32_t { WGPUMapAsyncStatus_Success = 1 };
using WGPUBufferMapCallback = void (*)(WGPUMapAsyncStatus, WGPUStringView message, void* userdata1, void* userdata2);
using WGPUBufferMapCallbackInfo = WGPUCallbackInfoOf<WGPUBufferMapCallback>;

enum WGPUQueueWorkDoneStatus : std::uint32_t { WGPUQueueWorkDoneStatus_Success = 1, WGPUQueueWorkDoneStatus_Error = 3 };
using WGPUQueueWorkDoneCallback = void (*)(WGPUQueueWorkDoneStatus, void* userdata1, void* userdata2);  // Dawn of 2025
using WGPUQueueWorkDoneCallbackInfo = WGPUCallbackInfoOf<WGPUQueueWorkDoneCallback>;

using WGPUProcDeviceCreateBuffer = WGPUBuffer (*)(WGPUDevice, const WGPUBufferDescriptor*);
using WGPUProcBufferDestroy = void (*)(WGPUBuffer);
using WGPUProcBufferGetConstMappedRange = const void* (*)(WGPUBuffer, std::size_t offset, std::size_t size);
using WGPUProcBufferMapAsync = WGPUFuture (*)(WGPUBuffer, WGPUMapMode, std::size_t offset, std::size_t size,
                                              WGPUBufferMapCallbackInfo);
using WGPUProcBufferSetLabel = void (*)(WGPUBuffer, WGPUStringView label);
using WGPUProcBufferUnmap = void (*)(WGPUBuffer);
using WGPUProcDeviceCreateCommandEncoder = WGPUCommandEncoder (*)(WGPUDevice, const WGPUCommandEncoderDescriptor*);
using WGPUProcCommandEncoderCopyBufferToBuffer = void (*)(WGPUCommandEncoder, WGPUBuffer source,
                                                          std::uint64_t sourceOffset, WGPUBuffer destination,
                                                          std::uint64_t destinationOffset, std::uint64_t size);
using WGPUProcCommandEncoderFinish = WGPUCommandBuffer (*)(WGPUCommandEncoder, const WGPUCommandBufferDescriptor*);
using WGPUProcQueueOnSubmittedWorkDone = WGPUFuture (*)(WGPUQueue, WGPUQueueWorkDoneCallbackInfo);
using WGPUProcQueueSubmit = void (*)(WGPUQueue, std::size_t count, const WGPUCommandBuffer*);
using WGPUProcQueueWriteBuffer = void (*)(WGPUQueue, WGPUBuffer, std::uint64_t offset, const void* data,
                                          std::size_t size);

// ---- Shaders and what they are bound to

using WGPUShaderStage = WGPUFlags;
constexpr WGPUShaderStage WGPUShaderStage_Vertex = 1;
constexpr WGPUShaderStage WGPUShaderStage_Fragment = 2;
constexpr WGPUShaderStage WGPUShaderStage_Compute = 4;
struct WGPUShaderSourceWGSL {
  WGPUChainedStruct chain;
  WGPUStringView code;
};
struct WGPUShaderModuleDescriptor {
  WGPUChainedStruct* nextInChain;
  WGPUStringView label;
};

enum WGPUBufferBindingType : std::uint32_t {
  WGPUBufferBindingType_BindingNotUsed = 0,
  WGPUBufferBindingType_Uniform = 2,
  WGPUBufferBindingType_Storage = 3,
  WGPUBufferBindingType_ReadOnlyStorage = 4,
};
struct WGPUBufferBindingLayout {
  WGPUChainedStruct* nextInChain;
  WGPUBufferBindingType type;
  WGPUBool hasDynamicOffset;
  std::uint64_t minBindingSize;
};
struct WGPUSamplerBindingLayout {
  WGPUChainedStruct* nextInChain;
  std::uint32_t type;
};
struct WGPUTextureBindingLayout {
  WGPUChainedStruct* nextInChain;
  std::uint32_t sampleType, viewDimension;
  WGPUBool multisampled;
};
struct WGPUStorageTextureBindingLayout {
  WGPUChainedStruct* nextInChain;
  std::uint32_t access, format, viewDimension;
};
struct WGPUBindGroupLayoutEntry {
  WGPUChainedStruct* nextInChain;
  std::uint32_t binding;
  WGPUShaderStage visibility;
  std::uint32_t bindingArraySize;
  WGPUBufferBindingLayout buffer;
  WGPUSamplerBindingLayout sampler;
  WGPUTextureBindingLayout texture;
  WGPUStorageTextureBindingLayout storageTexture;
};
struct WGPUBindGroupLayoutDescriptor {
  WGPUChainedStruct* nextInChain;
  WGPUStringView label;
  std::size_t entryCount;
  const WGPUBindGroupLayoutEntry* entries;
};
struct WGPUBindGroupEntry {
  WGPUChainedStruct* nextInChain;
  std::uint32_t binding;
  WGPUBuffer buffer;
  std::uint64_t offset, size;
  void* sampler;
  WGPUTextureView textureView;
};
struct WGPUBindGroupDescriptor {
  WGPUChainedStruct* nextInChain;
  WGPUStringView label;
  WGPUBindGroupLayout layout;
  std::size_t entryCount;
  const WGPUBindGroupEntry* entries;
};
struct WGPUPipelineLayoutDescriptor {
  WGPUChainedStruct* nextInChain;
  WGPUStringView label;
  std::size_t bindGroupLayoutCount;
  const WGPUBindGroupLayout* bindGroupLayouts;
  std::uint32_t immediateSize;
};

using WGPUProcDeviceCreateBindGroup = WGPUBindGroup (*)(WGPUDevice, const WGPUBindGroupDescriptor*);
using WGPUProcDeviceCreateBindGroupLayout = WGPUBindGroupLayout (*)(WGPUDevice, const WGPUBindGroupLayoutDescriptor*);
using WGPUProcDeviceCreatePipelineLayout = WGPUPipelineLayout (*)(WGPUDevice, const WGPUPipelineLayoutDescriptor*);
using WGPUProcDeviceCreateShaderModule = WGPUShaderModule (*)(WGPUDevice, const WGPUShaderModuleDescriptor*);

// ---- Compute

struct WGPUComputeState {
  WGPUChainedStruct* nextInChain;
  WGPUShaderModule module;
  WGPUStringView entryPoint;
  std::size_t constantCount;
  const void* constants;
};
struct WGPUComputePipelineDescriptor {
  WGPUChainedStruct* nextInChain;
  WGPUStringView label;
  WGPUPipelineLayout layout;
  WGPUComputeState compute;
};

using WGPUProcDeviceCreateComputePipeline = WGPUComputePipeline (*)(WGPUDevice, const WGPUComputePipelineDescriptor*);
using WGPUProcCommandEncoderBeginComputePass = WGPUComputePassEncoder (*)(WGPUCommandEncoder,
                                                                          const WGPUComputePassDescriptor*);
using WGPUProcComputePassEncoderSetPipeline = void (*)(WGPUComputePassEncoder, WGPUComputePipeline);
using WGPUProcComputePassEncoderSetBindGroup = void (*)(WGPUComputePassEncoder, std::uint32_t group, WGPUBindGroup,
                                                        std::size_t dynamicOffsetCount, const std::uint32_t*);
using WGPUProcComputePassEncoderDispatchWorkgroups = void (*)(WGPUComputePassEncoder, std::uint32_t x, std::uint32_t y,
                                                              std::uint32_t z);
using WGPUProcComputePassEncoderEnd = void (*)(WGPUComputePassEncoder);

// ---- Textures

enum WGPUTextureAspect : std::uint32_t { WGPUTextureAspect_All = 1 };
enum WGPUTextureDimension : std::uint32_t { WGPUTextureDimension_2D = 2 };
enum WGPUTextureFormat : std::uint32_t {  // Dawn of 2025
  WGPUTextureFormat_RGBA8UnormSrgb = 0x13,
  WGPUTextureFormat_Depth32Float = 0x2a,
};
using WGPUTextureUsage = WGPUFlags;
constexpr WGPUTextureUsage WGPUTextureUsage_CopySrc = 0x01;
constexpr WGPUTextureUsage WGPUTextureUsage_RenderAttachment = 0x10;

struct WGPUExtent3D {
  std::uint32_t width, height, depthOrArrayLayers;
};
struct WGPUOrigin3D {
  std::uint32_t x, y, z;
};
struct WGPUTextureDescriptor {
  WGPUChainedStruct* nextInChain;
  WGPUStringView label;
  WGPUTextureUsage usage;
  WGPUTextureDimension dimension;
  WGPUExtent3D size;
  WGPUTextureFormat format;
  std::uint32_t mipLevelCount, sampleCount;
  std::size_t viewFormatCount;
  const WGPUTextureFormat* viewFormats;
};
struct WGPUTexelCopyTextureInfo {
  WGPUTexture texture;
  std::uint32_t mipLevel;
  WGPUOrigin3D origin;
  WGPUTextureAspect aspect;
};
struct WGPUTexelCopyBufferLayout {
  std::uint64_t offset;
  std::uint32_t bytesPerRow, rowsPerImage;
};
struct WGPUTexelCopyBufferInfo {
  WGPUTexelCopyBufferLayout layout;
  WGPUBuffer buffer;
};

using WGPUProcDeviceCreateTexture = WGPUTexture (*)(WGPUDevice, const WGPUTextureDescriptor*);
using WGPUProcTextureCreateView = WGPUTextureView (*)(WGPUTexture, const WGPUTextureViewDescriptor*);
using WGPUProcCommandEncoderCopyTextureToBuffer = void (*)(WGPUCommandEncoder, const WGPUTexelCopyTextureInfo* source,
                                                           const WGPUTexelCopyBufferInfo* destination,
                                                           const WGPUExtent3D* size);

// ---- Drawing

enum WGPUCompareFunction : std::uint32_t { WGPUCompareFunction_LessEqual = 4 };
enum WGPUCullMode : std::uint32_t { WGPUCullMode_None = 1 };
enum WGPUIndexFormat : std::uint32_t { WGPUIndexFormat_Uint32 = 2 };
enum WGPULoadOp : std::uint32_t { WGPULoadOp_Clear = 2 };
enum WGPUOptionalBool : std::uint32_t { WGPUOptionalBool_False = 0, WGPUOptionalBool_True = 1 };
enum WGPUPrimitiveTopology : std::uint32_t { WGPUPrimitiveTopology_TriangleList = 4 };
enum WGPUStoreOp : std::uint32_t { WGPUStoreOp_Store = 1, WGPUStoreOp_Discard = 2 };
enum WGPUVertexFormat : std::uint32_t { WGPUVertexFormat_Float32x3 = 0x1e };
enum WGPUVertexStepMode : std::uint32_t { WGPUVertexStepMode_Vertex = 1 };
using WGPUColorWriteMask = WGPUFlags;
constexpr WGPUColorWriteMask WGPUColorWriteMask_All = 0xf;

struct WGPUVertexAttribute {
  WGPUChainedStruct* nextInChain;
  WGPUVertexFormat format;
  std::uint64_t offset;
  std::uint32_t shaderLocation;
};
struct WGPUVertexBufferLayout {
  WGPUChainedStruct* nextInChain;
  WGPUVertexStepMode stepMode;
  std::uint64_t arrayStride;
  std::size_t attributeCount;
  const WGPUVertexAttribute* attributes;
};
struct WGPUVertexState {
  WGPUChainedStruct* nextInChain;
  WGPUShaderModule module;
  WGPUStringView entryPoint;
  std::size_t constantCount;
  const void* constants;
  std::size_t bufferCount;
  const WGPUVertexBufferLayout* buffers;
};
struct WGPUPrimitiveState {
  WGPUChainedStruct* nextInChain;
  WGPUPrimitiveTopology topology;
  std::uint32_t stripIndexFormat, frontFace;
  WGPUCullMode cullMode;
  WGPUBool unclippedDepth;
};
struct WGPUStencilFaceState {
  std::uint32_t compare, failOp, depthFailOp, passOp;
};
struct WGPUDepthStencilState {
  WGPUChainedStruct* nextInChain;
  WGPUTextureFormat format;
  WGPUOptionalBool depthWriteEnabled;
  WGPUCompareFunction depthCompare;
  WGPUStencilFaceState stencilFront, stencilBack;
  std::uint32_t stencilReadMask, stencilWriteMask;
  std::int32_t depthBias;
  float depthBiasSlopeScale, depthBiasClamp;
};
struct WGPUMultisampleState {
  WGPUChainedStruct* nextInChain;
  std::uint32_t count, mask;
  WGPUBool alphaToCoverageEnabled;
};
struct WGPUColorTargetState {
  WGPUChainedStruct* nextInChain;
  WGPUTextureFormat format;
  const void* blend;
  WGPUColorWriteMask writeMask;
};
struct WGPUFragmentState {
  WGPUChainedStruct* nextInChain;
  WGPUShaderModule module;
  WGPUStringView entryPoint;
  std::size_t constantCount;
  const void* constants;
  std::size_t targetCount;
  const WGPUColorTargetState* targets;
};
struct WGPURenderPipelineDescriptor {
  WGPUChainedStruct* nextInChain;
  WGPUStringView label;
  WGPUPipelineLayout layout;
  WGPUVertexState vertex;
  WGPUPrimitiveState primitive;
  const WGPUDepthStencilState* depthStencil;
  WGPUMultisampleState multisample;
  const WGPUFragmentState* fragment;
};

#define WGPU_DEPTH_SLICE_UNDEFINED UINT32_MAX
struct WGPUColor {
  double r, g, b, a;
};
struct WGPURenderPassColorAttachment {
  WGPUChainedStruct* nextInChain;
  WGPUTextureView view;
  std::uint32_t depthSlice;
  WGPUTextureView resolveTarget;
  WGPULoadOp loadOp;
  WGPUStoreOp storeOp;
  WGPUColor clearValue;
};
struct WGPURenderPassDepthStencilAttachment {
  WGPUChainedStruct* nextInChain;
  WGPUTextureView view;
  WGPULoadOp depthLoadOp;
  WGPUStoreOp depthStoreOp;
  float depthClearValue;
  WGPUBool depthReadOnly;
  std::uint32_t stencilLoadOp, stencilStoreOp, stencilClearValue;
  WGPUBool stencilReadOnly;
};
struct WGPURenderPassDescriptor {
  WGPUChainedStruct* nextInChain;
  WGPUStringView label;
  std::size_t colorAttachmentCount;
  const WGPURenderPassColorAttachment* colorAttachments;
  const WGPURenderPassDepthStencilAttachment* depthStencilAttachment;
  void* occlusionQuerySet;
  const void* timestampWrites;
};

using WGPUProcDeviceCreateRenderPipeline = WGPURenderPipeline (*)(WGPUDevice, const WGPURenderPipelineDescriptor*);
using WGPUProcCommandEncoderBeginRenderPass = WGPURenderPassEncoder (*)(WGPUCommandEncoder,
                                                                        const WGPURenderPassDescriptor*);
using WGPUProcRenderPassEncoderSetPipeline = void (*)(WGPURenderPassEncoder, WGPURenderPipeline);
using WGPUProcRenderPassEncoderSetBindGroup = void (*)(WGPURenderPassEncoder, std::uint32_t group, WGPUBindGroup,
                                                       std::size_t dynamicOffsetCount, const std::uint32_t*);
using WGPUProcRenderPassEncoderSetIndexBuffer = void (*)(WGPURenderPassEncoder, WGPUBuffer, WGPUIndexFormat,
                                                         std::uint64_t offset, std::uint64_t size);
using WGPUProcRenderPassEncoderSetVertexBuffer = void (*)(WGPURenderPassEncoder, std::uint32_t slot, WGPUBuffer,
                                                          std::uint64_t offset, std::uint64_t size);
using WGPUProcRenderPassEncoderDraw = void (*)(WGPURenderPassEncoder, std::uint32_t vertexCount,
                                               std::uint32_t instanceCount, std::uint32_t firstVertex,
                                               std::uint32_t firstInstance);
using WGPUProcRenderPassEncoderDrawIndexed = void (*)(WGPURenderPassEncoder, std::uint32_t indexCount,
                                                      std::uint32_t instanceCount, std::uint32_t firstIndex,
                                                      std::int32_t baseVertex, std::uint32_t firstInstance);
using WGPUProcRenderPassEncoderEnd = void (*)(WGPURenderPassEncoder);

#endif  // WEBGPU_H_
