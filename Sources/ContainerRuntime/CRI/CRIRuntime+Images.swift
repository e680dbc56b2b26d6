/// Images.
extension CRIRuntime {
    public func images() async throws(ContainerRuntimeError) -> [CRIImage] {
        try await imageCall("ListImages", deadlines.standard) { try await $0.listImages(CRIListImagesRequest(), options: $1).images }
    }

    public func imageStatus(_ image: CRIImageSpec) async throws(ContainerRuntimeError) -> CRIImage? {
        try await imageCall("ImageStatus", deadlines.standard) {
            let response = try await $0.imageStatus(.with { $0.image = image }, options: $1)
            return response.hasImage ? response.image : nil
        }
    }

    public func pullImage(_ image: CRIImageSpec, auth: CRIAuthConfig?, sandbox: CRIPodSandboxConfig?) async throws(ContainerRuntimeError) -> String {
        let request = CRIPullImageRequest.with {
            $0.image = image
            if let auth { $0.auth = auth }
            if let sandbox { $0.sandboxConfig = sandbox }
        }
        return try await imageCall("PullImage", deadlines.pull) { try await $0.pullImage(request, options: $1).imageRef }
    }

    public func removeImage(_ image: CRIImageSpec) async throws(ContainerRuntimeError) {
        _ = try await imageCall("RemoveImage", deadlines.standard) { try await $0.removeImage(.with { $0.image = image }, options: $1) }
    }

    public func imageFsInfo() async throws(ContainerRuntimeError) -> CRIImageFsInfoResponse {
        try await imageCall("ImageFsInfo", deadlines.standard) { try await $0.imageFsInfo(CRIImageFsInfoRequest(), options: $1) }
    }
}
