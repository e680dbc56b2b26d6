extension FakeContainerRuntime {
    public func images() async throws(ContainerRuntimeError) -> [CRIImage] {
        try begin(.images)
        return state.withLock { $0.images.sorted { $0.key < $1.key }.map(\.value) }
    }

    public func imageStatus(_ image: CRIImageSpec) async throws(ContainerRuntimeError) -> CRIImage? {
        try begin(.imageStatus, image.image)
        return state.withLock { $0.images[image.image] }
    }

    public func pullImage(_ image: CRIImageSpec, auth: CRIAuthConfig?, sandbox: CRIPodSandboxConfig?) async throws(ContainerRuntimeError) -> String {
        try begin(.pullImage, image.image)
        guard let owner = state.withLock({ $0.registry[image.image] }) else {
            throw ContainerRuntimeError(.notFound, "failed to resolve reference \"\(image.image)\": \(image.image): not found", call: "PullImage")
        }
        if let owner, auth?.username != owner {
            throw ContainerRuntimeError(
                .unknown, "failed to resolve reference \"\(image.image)\": pull access denied: authorization failed: no basic auth credentials",
                call: "PullImage")
        }
        add(image: image.image)
        return image.image
    }

    public func removeImage(_ image: CRIImageSpec) async throws(ContainerRuntimeError) {
        try begin(.removeImage, image.image)
        state.withLock { _ = $0.images.removeValue(forKey: image.image) }
    }

    public func imageFsInfo() async throws(ContainerRuntimeError) -> CRIImageFsInfoResponse {
        try begin(.imageFsInfo)
        let (time, count) = (now(), UInt64(state.withLock { $0.images.count }))
        return .with {
            $0.imageFilesystems = [
                .with {
                    $0.timestamp = time
                    $0.fsID.mountpoint = "/"
                    $0.usedBytes.value = count
                    $0.inodesUsed.value = count
                }
            ]
        }
    }
}
