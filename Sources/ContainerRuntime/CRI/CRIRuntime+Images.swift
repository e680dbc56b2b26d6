/// Images.
extension CRIRuntime {
    public func images() async throws(ContainerRuntimeError) -> [CRIImage] {
        try await call("ListImages", deadlines.standard) { try await imageService.listImages(CRIListImagesRequest(), options: $0).images }
    }

    public func imageStatus(_ image: CRIImageSpec) async throws(ContainerRuntimeError) -> CRIImage? {
        try await call("ImageStatus", deadlines.standard) {
            let response = try await imageService.imageStatus(.with { $0.image = image }, options: $0)
            return response.hasImage ? response.image : nil
        }
    }

    public func pullImage(_ image: CRIImageSpec, auth: CRIAuthConfig?, sandbox: CRIPodSandboxConfig?) async throws(ContainerRuntimeError) -> String {
        let request = CRIPullImageRequest.with {
            $0.image = image
            if let auth { $0.auth = auth }
            if let sandbox { $0.sandboxConfig = sandbox }
        }
        return try await call("PullImage", deadlines.pull) { try await imageService.pullImage(request, options: $0).imageRef }
    }

    public func removeImage(_ image: CRIImageSpec) async throws(ContainerRuntimeError) {
        _ = try await call("RemoveImage", deadlines.standard) { try await imageService.removeImage(.with { $0.image = image }, options: $0) }
    }

    public func imageFsInfo() async throws(ContainerRuntimeError) -> CRIImageFsInfoResponse {
        try await call("ImageFsInfo", deadlines.standard) { try await imageService.imageFsInfo(CRIImageFsInfoRequest(), options: $0) }
    }
}
